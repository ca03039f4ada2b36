/** What Nest hands to controllers: named, for a type alone says nothing at run time. */
export const TOKENS = Symbol('tokens')
export const CONTROL = Symbol('control')
export const CHAMPIONS = Symbol('champions')
export const ADOPTION = Symbol('adoption')
export const FOLLOWER = Symbol('follower')
export const CHECKUP = Symbol('checkup')
export const STORE = Symbol('store')
export const ENVIRONMENT = Symbol('environment')
