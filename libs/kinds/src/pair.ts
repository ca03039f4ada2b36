import { canonical, type Json } from '@cairn/kernel'

/** A value that was and one that is; or the value alone, where it is the same. */
export function pair<Value extends Json>(was: Value, is: Value): Value | [Value, Value] {
  return canonical(was) === canonical(is) ? is : [was, is]
}
