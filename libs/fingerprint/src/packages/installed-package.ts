/** One installed package, without what it depends on. */
export interface Installed {
  readonly name: string
  readonly version: string
  /** Of its files: what the registry says, or their own digest. */
  readonly integrity: string
  /** Folders of the installed packages that it depends on, by the names by which it imports them. */
  readonly dependencies: Readonly<Record<string, string>>
}
