/** Copies of objects on this machine, made as they are asked for: they take room that others on the disk may need. */
export interface LocalCopies {
  /** Keeps an object's copy where it is until the function that is returned is called. Any process may hold one. */
  hold(digest: string): () => void
  /**
   * Keeps some of the disk free, and as many bytes more as are asked for, as far as copies that nobody holds can go.
   *
   * @returns how many bytes went
   */
  makeRoom(bytes?: number): Promise<number>
  /**
   * Deletes every copy that nobody holds.
   *
   * @returns how many bytes went
   */
  evict(): Promise<number>
}
