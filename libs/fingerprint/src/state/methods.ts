import type { Node } from '../analyse/syntax.ts'
import type { Root } from './value.ts'

const words = (text: string) => new Set(text.split(/\s+/))

/** Methods of built-in objects that change the object. */
export const CHANGING = words(
  `push pop shift unshift splice sort reverse fill copyWithin set add delete clear append next throw return write
   setInt8 setUint8 setInt16 setUint16 setInt32 setUint32 setFloat32 setFloat64 setBigInt64 setBigUint64 setTime
   setDate setMonth setFullYear setHours setMinutes setSeconds setMilliseconds setUTCDate setUTCMonth setUTCFullYear
   setUTCHours setUTCMinutes setUTCSeconds setUTCMilliseconds getOrInsert getOrInsertComputed enqueue`,
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
   Atomics.or Atomics.store Atomics.sub Atomics.xor`,
)
/** Global functions that give what they are given, and those that give something new which holds it. */
export const PASSING_GLOBALS = words('Object.assign Object.freeze Object.seal Object.preventExtensions Object')
export const HOLDING_GLOBALS = words(
  `Object.values Object.entries Object.fromEntries Object.groupBy Map.groupBy Array.from Array.of Promise.all
   Promise.resolve Promise.allSettled Iterator.from`,
)

/** What functions and objects of packages are named that change something: there is only the name to go by. */
export const CHANGING_IN_PACKAGES =
  /^(add|append|assign|clear|dec|decrement|defaults|delete|draw|emit|extend|fill|fit|inc|increment|merge|mutate|next|observe|on|once|pop|pull|push|put|remove|reset|reverse|save|seed|set|shift|shuffle|sort|splice|store|train|uniform|unset|unshift|update|write)([A-Z]\w*)?$/

/** Whether matching with it moves its `lastIndex`. */
export function remembersPlace({ init }: Root): boolean {
  if (init?.type === 'Literal' && init.regex) return /[gy]/.test(init.regex.flags)
  const isMade = init?.type === 'NewExpression' || init?.type === 'CallExpression'
  if (!isMade || init.callee.name !== 'RegExp') return false
  const flags = init.arguments[1]
  return flags !== undefined && (flags.type !== 'Literal' || /[gy]/.test(flags.value))
}

/** Whether going through it uses it up. */
export function isUsedUp({ init }: Root, isGenerator: (callee: Node) => boolean): boolean {
  if (init?.type !== 'CallExpression') return false
  const { callee } = init
  if (callee.type === 'MemberExpression')
    return (
      /^(values|entries|keys|matchAll|from)$/.test(callee.property.name ?? '') &&
      callee.object.name !== 'Object' &&
      callee.object.name !== 'Array'
    )
  return isGenerator(callee)
}
