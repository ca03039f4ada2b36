export { whyNoFile } from './file-type.ts'
export { type PackageFile, packageStamp } from './package-stamp.ts'
export { takeFile } from './take-file.ts'
export { fileStamp, keepVerified, markVerified, requireUnchanged, verifiedStamp } from './verified-files.ts'
