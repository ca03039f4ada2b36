import { canonical, type Json } from '@cairn/kernel'

/** The value before and after; or a single value, if both are equal. */
export function pair<Value extends Json>(was: Value, is: Value): Value | [Value, Value] {
  return canonical(was) === canonical(is) ? is : [was, is]
}
