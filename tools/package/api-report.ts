import { mkdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor'

interface ApiReport {
  readonly isUpToDate: boolean
  /** Errors and warnings, without those that the report itself contains. */
  readonly problems: readonly string[]
}

/**
 * Compares the public API of a module with the report in this repository.
 *
 * @param folder of the built package
 * @param update whether to write the report
 */
export function apiReport(folder: string, module: string, report: string, update: boolean): ApiReport {
  mkdirSync(dirname(report), { recursive: true })
  const problems: string[] = []
  const config = ExtractorConfig.prepare({
    packageJsonFullPath: join(folder, 'package.json'),
    configObjectFullPath: undefined,
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: join(folder, 'dist', `${module}.d.ts`),
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: 'es2024',
            lib: ['es2024'],
            module: 'nodenext',
            types: ['node'],
            strict: true,
            skipLibCheck: true,
          },
          files: [join(folder, 'dist', `${module}.d.ts`)],
        },
      },
      apiReport: {
        enabled: true,
        reportFileName: basename(report),
        reportFolder: dirname(report),
        reportTempFolder: join(folder, 'temp'),
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        extractorMessageReporting: {
          default: { logLevel: ExtractorLogLevel.None },
        },
        tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
      },
    },
  })
  const result = Extractor.invoke(config, {
    localBuild: update,
    messageCallback: (message) => {
      if (message.logLevel === ExtractorLogLevel.Error) problems.push(message.text)
      message.handled = true
    },
  })
  return { isUpToDate: !result.apiReportChanged || update, problems }
}
