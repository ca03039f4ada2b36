export {
  type Secrets,
  dependsOnNeighbours,
  longestMatch,
  maskedBeside,
  maskedJson,
  maskedStart,
  secretIn,
  secretsFor,
} from './secrets.ts'
