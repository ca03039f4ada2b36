const words = (text: string) => new Set(text.split(/\s+/))

/** Methods of built-in objects that change the object. */
export const CHANGING = words(
  `push pop shift unshift splice sort reverse fill copyWithin set add delete clear append next throw return write
   transfer transferToFixedLength resize grow swap16 swap32 swap64 compile
   setInt8 setUint8 setInt16 setUint16 setInt32 setUint32 setFloat32 setFloat64 setBigInt64 setBigUint64 setTime
   setDate setMonth setFullYear setHours setMinutes setSeconds setMilliseconds setUTCDate setUTCMonth setUTCFullYear
   setUTCHours setUTCMinutes setUTCSeconds setUTCMilliseconds getOrInsert getOrInsertComputed enqueue
   abort addEventListener removeEventListener dispatchEvent`,
)
/** Changing methods that store their arguments in the object. */
export const KEEPING = words('push unshift splice fill set add append')

/** Methods of built-in objects that change nothing. Any other method may change its object. */
const READING = words(
  `at concat slice includes join keys entries values forEach filter flat flatMap map every some reduce reduceRight with
   difference intersection symmetricDifference union deref subarray valueOf exec test then catch finally take drop anchor
   charAt charCodeAt codePointAt endsWith localeCompare match matchAll normalize padEnd padStart repeat replace replaceAll
   search split startsWith substr substring trim trimStart trimEnd trimLeft trimRight propertyIsEnumerable apply bind call
 encode decode copy equals inspect compare throwIfAborted resolvedOptions format formatToParts
   formatRange formatRangeToParts select selectRange maximize minimize of segment index lastIndexOf indexOf
   __lookupGetter__ __lookupSetter__ @@iterator @@asyncIterator emit`,
)
const READING_BY_PREFIX = /^(get|is|has|to|find)(?=[A-Z]|$)|^read[A-Z]|^construct/

export function isReading(name: string): boolean {
  return (READING.has(name) || READING_BY_PREFIX.test(name)) && !CHANGING.has(name) && name !== 'getReader'
}

/** Methods that return a part of the object. */
export const PARTS = words(
  'get at find findLast pop shift reduce reduceRight deref sort reverse fill add set valueOf next',
)
/** Methods that return something new that holds parts of the object. */
export const COPIES = words(
  `map filter slice concat flat flatMap split toSorted toReversed toSpliced with entries keys values subarray
   match matchAll exec forEach some every findIndex then catch finally take drop toArray`,
)

/** Global functions that change their first argument. */
export const CHANGING_GLOBALS = words(
  `Object.assign Object.defineProperty Object.defineProperties Object.setPrototypeOf Reflect.set Reflect.defineProperty
   Reflect.deleteProperty Reflect.setPrototypeOf Object.freeze Object.seal Object.preventExtensions
   Reflect.preventExtensions Atomics.add Atomics.and Atomics.compareExchange Atomics.exchange
   Atomics.or Atomics.store Atomics.sub Atomics.xor crypto.getRandomValues`,
)
/** Global functions that return an argument. */
export const PASSING_GLOBALS = words(
  'Object.assign Object.freeze Object.seal Object.preventExtensions Object Promise.resolve Reflect.setPrototypeOf Object.setPrototypeOf Object.defineProperty Object.defineProperties',
)
/** Global functions that return something new that holds parts of their arguments. */
export const HOLDING_GLOBALS = words(
  `Object.values Object.entries Object.fromEntries Object.groupBy Map.groupBy Array.from Array.fromAsync Array.of
   Promise.all Promise.allSettled Promise.race Promise.any Promise.try Promise.reject Iterator.from Iterator.concat`,
)
/** Global functions that iterate over their first argument. */
export const ITERATING_GLOBALS = words(
  `Object.fromEntries Object.groupBy Map.groupBy Array.from Array.fromAsync Promise.all Promise.allSettled Promise.race
   Promise.any Iterator.from Map Set WeakMap WeakSet Math.sumPrecise`,
)

/** Names of functions and methods of packages that probably change something. Their code is not analysed. */
export const CHANGING_IN_PACKAGES =
  /^(add|append|assign|clear|dec|decrement|defaults|delete|draw|emit|extend|fill|fit|inc|increment|merge|mutate|next|observe|on|once|pop|pull|push|put|remove|reset|reverse|save|seed|set|shift|shuffle|sort|splice|store|train|uniform|unset|unshift|update|write)(?!By$)([A-Z]\w*)?$/

/** All methods of built-in objects that the analysis models. */
export const BUILT_IN: ReadonlySet<string> = new Set([...CHANGING, ...KEEPING, ...PARTS, ...COPIES])
