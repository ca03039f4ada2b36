/**
 * Whether an import, or the name of a package, is one of Cairn's own packages. Fingerprints do not follow these, and keys
 * do not cover their versions.
 */
export function isOwnPackage(specifier: string): boolean {
  return specifier === 'cairn' || specifier.startsWith('cairn/') || specifier.startsWith('@cairn/')
}
