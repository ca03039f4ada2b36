/** Exploration from a program. */
export { explore, Lab, type Leaderboard, type MatrixOptions } from '@cairn/explore'
export { findProject } from '@cairn/workspace'
