const words = (text: string) => new Set(text.split(/\s+/))

/** Methods of built-in objects that change the object. */
export const CHANGING = words(
  `push pop shift unshift splice sort reverse fill copyWithin set add delete clear append next throw return write
   setInt8 setUint8 setInt16 setUint16 setInt32 setUint32 setFloat32 setFloat64 setBigInt64 setBigUint64 setTime
   setDate setMonth setFullYear setHours setMinutes setSeconds setMilliseconds setUTCDate setUTCMonth setUTCFullYear
   setUTCHours setUTCMinutes setUTCSeconds setUTCMilliseconds getOrInsert getOrInsertComputed enqueue
   abort addEventListener removeEventListener dispatchEvent`,
)
/** Of those, the ones that keep what they are given. */
export const KEEPING = words('push unshift splice fill set add append')

/** Methods that give a part of the object. */
export const PARTS = words(
  'get at find findLast pop shift reduce reduceRight deref sort reverse fill add set valueOf next',
)
/** Methods that give something new, which holds parts of the object. */
export const COPIES = words(
  `map filter slice concat flat flatMap split toSorted toReversed toSpliced with entries keys values subarray
   matchAll forEach some every findIndex then catch finally take drop toArray`,
)

/** Global functions that change what they are given first. */
export const CHANGING_GLOBALS = words(
  `Object.assign Object.defineProperty Object.defineProperties Object.setPrototypeOf Reflect.set Reflect.defineProperty
   Reflect.deleteProperty Reflect.setPrototypeOf Atomics.add Atomics.and Atomics.compareExchange Atomics.exchange
   Atomics.or Atomics.store Atomics.sub Atomics.xor crypto.getRandomValues`,
)
/** Global functions that give what they are given. */
export const PASSING_GLOBALS = words(
  'Object.assign Object.freeze Object.seal Object.preventExtensions Object Promise.resolve Reflect.setPrototypeOf Object.setPrototypeOf Object.defineProperty Object.defineProperties',
)
/** Global functions that give something new, which holds parts of what they are given. */
export const HOLDING_GLOBALS = words(
  `Object.values Object.entries Object.fromEntries Object.groupBy Map.groupBy Array.from Array.fromAsync Array.of
   Promise.all Promise.allSettled Promise.race Promise.any Iterator.from Iterator.concat`,
)
/** Global functions that go through what they are given first. */
export const ITERATING_GLOBALS = words(
  `Object.fromEntries Object.groupBy Map.groupBy Array.from Array.fromAsync Promise.all Promise.allSettled Promise.race
   Promise.any Iterator.from Map Set WeakMap WeakSet Math.sumPrecise`,
)

/** What functions and objects of packages are named that change something: there is only the name to go by. */
export const CHANGING_IN_PACKAGES =
  /^(add|append|assign|clear|dec|decrement|defaults|delete|draw|emit|extend|fill|fit|inc|increment|merge|mutate|next|observe|on|once|pop|pull|push|put|remove|reset|reverse|save|seed|set|shift|shuffle|sort|splice|store|train|uniform|unset|unshift|update|write)(?!By$)([A-Z]\w*)?$/

/** All methods of built-in objects that have a meaning here. */
export const BUILT_IN: ReadonlySet<string> = new Set([...CHANGING, ...KEEPING, ...PARTS, ...COPIES])

/** What is asked of global variables, and has a meaning here. */
export const KNOWN_MEMBERS: ReadonlySet<string> = new Set([
  ...BUILT_IN,
  ...[...CHANGING_GLOBALS, ...PASSING_GLOBALS, ...HOLDING_GLOBALS, ...ITERATING_GLOBALS].map((path) =>
    path.split('.').at(-1)!,
  ),
  ...words('prototype create getPrototypeOf apply construct stringify Proxy RegExp Promise Array Object Reflect'),
])
