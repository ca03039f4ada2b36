/** Copies of fetched objects on this machine. They take up space that others on the same disk may need. */
export interface LocalCopies {
  /** Keeps an object's copy until the returned function is called. Copies that any process holds are not deleted. */
  hold(digest: string): () => void
  /**
   * Deletes copies that nobody holds until part of the disk is free, plus the given number of bytes.
   *
   * @returns the number of bytes deleted
   */
  makeRoom(bytes?: number): Promise<number>
  /**
   * Deletes every copy that nobody holds.
   *
   * @returns the number of bytes deleted
   */
  evict(): Promise<number>
  /** Returns the size of their disk, in bytes. */
  diskSize(): Promise<number>
}
