/** How code uses a top-level variable, as a bit set. */
export type Touch = number
export const CALLED = 1 // the value itself is called
export const METHOD = 2 // a method of it is called that may change it
export const DEEP = 4 // a method of something that it holds or returned is called
export const CHANGED = 8 // it, or something that it holds, is assigned
export const LOADED = 16 // loading uses it, even if only to pass it on
export const MENTIONED = 32 // it occurs in code that loading may run
export const PASSED = 64 // it, or a member of it, is used as a value, not only called

export const USED = CALLED | METHOD | DEEP | CHANGED
