import { Option, type Command } from 'commander'
import { CairnError } from '@cairn/kernel'

/**
 * Parses the value of an option as a whole number.
 *
 * @throws CairnError BAD_PARAMETER that names the option
 */
export const count =
  (option: string, least: number) =>
  (text: string): number => {
    if (/^\d{1,9}$/.test(text) && Number(text) >= least) return Number(text)
    throw new CairnError('BAD_PARAMETER', `--${option} must be a whole number of at least ${least}, not "${text}"`, {
      next: `write it like --${option} ${Math.max(least, 4)}`,
    })
  }

/** Collects the values of an option that may be given several times. */
export const collect = (value: string, before: readonly string[] = []) => [...before, value]

/** Options that select what to run, and the parameters. */
export const settingOptions = (command: Command) =>
  command
    .option('--set <name=value>', 'set a run parameter, or a step parameter as <step>.<name>', collect)
    .option('--params <file>', 'read parameters from a JSON or YAML file')
    .option('--from <step>', 'start at this step; earlier steps are taken from --base', collect)
    .option('--until <step>', 'stop after this step', collect)
    .option('--base <run>', 'run that provides the outputs of steps that are not run, and to compare with')
    .option('--force <step>', 'compute this step even if nothing changed', collect)

export const progressOption = () =>
  new Option('--progress <how>', 'how to show progress').choices(['live', 'plain', 'none'])
