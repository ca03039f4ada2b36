/** One installed package, without its dependencies. */
export interface Installed {
  readonly name: string
  readonly version: string
  /** Of its files: the hash from the registry, or a digest of the files themselves. */
  readonly integrity: string
  /** Folders of its installed dependencies, by the names that it imports them by. */
  readonly dependencies: Readonly<Record<string, string>>
}
