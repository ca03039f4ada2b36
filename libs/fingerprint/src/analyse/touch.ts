/** How code uses a variable of the top level: a set of bits. */
export type Touch = number
export const CALLED = 1 // the value itself is called
export const METHOD = 2 // a method of it is called that may change it
export const DEEP = 4 // so is one of something that it holds or gave
export const CHANGED = 8 // it, or what it holds, is assigned to
export const LOADED = 16 // loading uses it, if only to pass it on
export const MENTIONED = 32 // it occurs in code that loading may run
export const PASSED = 64 // and it, or what a member of it holds, is more there than called

export const USED = CALLED | METHOD | DEEP | CHANGED
