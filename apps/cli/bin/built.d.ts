export const repository: string
export function distOf(app: string): string
export function isFresh(app: string): boolean
export function stampOf(file: string): string
