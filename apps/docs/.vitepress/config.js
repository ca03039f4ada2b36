// VitePress would bundle a relative import; a package is loaded as it is.
export { default } from '@cairn/docs/config'
