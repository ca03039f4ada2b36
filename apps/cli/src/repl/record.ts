import { Lab } from '@cairn/explore'

/** A call that derived one lab from another. */
export interface LabCall {
  readonly method: string
  readonly args: readonly unknown[]
}

/** The same lab, but calls that change it or its derived labs are recorded. */
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
