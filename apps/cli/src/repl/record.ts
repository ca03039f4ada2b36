import { Lab } from '@cairn/explore'

/** A call that made one lab of another. */
export interface LabCall {
  readonly method: string
  readonly args: readonly unknown[]
}

/** The same lab, but what changes it and the labs that come of it is written down. */
export function recorded(lab: Lab, calls: LabCall[]): Lab {
  return new Proxy(lab, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member !== 'function') return member
      return (...args: readonly unknown[]): unknown => {
        const result: unknown = Reflect.apply(member, target, args)
        if (!(result instanceof Lab)) return result
        calls.push({ method: String(name), args })
        return recorded(result, calls)
      }
    },
  })
}
