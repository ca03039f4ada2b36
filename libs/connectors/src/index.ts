export { fromFile, fromPackage } from './file.ts'
export { fromUrl } from './url.ts'
