export { fromFile, fromPackage } from './file.ts'
export { fromFiles, type NamedFile } from './files.ts'
export { fromUrl } from './url.ts'
