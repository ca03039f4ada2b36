// Generated from control's OpenAPI document: DOCS_UPDATE=1 npx vitest run --project alone apps/control/test/client-types

export interface paths {
    readonly "/health/live": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["HealthController_live"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/health/ready": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["HealthController_ready"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/checkup": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** The state of what the services of this environment depend on; topics and groups only of pipelines that the token may read. */
        readonly get: operations["CheckupController_look"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/dead-letters": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** The number of waiting dead letters of each pipeline that the token may read. */
        readonly get: operations["DeadLettersController_counts"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/openapi.json": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** This document. */
        readonly get: operations["openapi"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/pipelines": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** The environment, and its pipelines with runs that the token may read. */
        readonly get: operations["PipelinesController_list"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/pipelines/{pipeline}/collections": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Removes old runs and unreferenced data by the retention of the project; with `dryRun`, only reports them. */
        readonly post: operations["CollectionsController_collect"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/pipelines/{pipeline}/dead-letters": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Lists dead letters with their errors, newest first. */
        readonly get: operations["DeadLettersController_list"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/pipelines/{pipeline}/dead-letters/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** One dead letter with its full message; headers and value are base64. */
        readonly get: operations["DeadLettersController_show"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/pipelines/{pipeline}/dead-letters/{id}/drop": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Marks it as dropped. It stays in the list of dropped dead letters. */
        readonly post: operations["DeadLettersController_drop"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/pipelines/{pipeline}/dead-letters/{id}/replay": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Delivers it again to the groups that gave it up, and to no others. */
        readonly post: operations["DeadLettersController_replay"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/pipelines/{pipeline}/examinations": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Checks a part of the records and objects of a pipeline, and returns where to continue. */
        readonly post: operations["ExaminationsController_examine"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/pipelines/{pipeline}/plan": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Shows what a run would reuse or compute, why, and the expected time. Computes nothing. */
        readonly post: operations["RunsController_plan"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/pipelines/{pipeline}/production": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** The production run, the rules for promotion, and whether this token may promote. */
        readonly get: operations["ChampionsController_show"];
        readonly put?: never;
        /** Puts a completed run into production, if the current production run is the expected one. */
        readonly post: operations["ChampionsController_promote"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/pipelines/{pipeline}/production/rollback": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Restores the previous production run. */
        readonly post: operations["ChampionsController_rollBack"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/pipelines/{pipeline}/runs": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Lists runs, newest first, with the tasks that no host could run so far, and why runs were refused. If there is a `next`, older runs may follow: send it as `before`, even after a page with few runs or none. */
        readonly get: operations["RunsController_list"];
        readonly put?: never;
        /** Starts a run, or queues it when the limit of concurrent runs is reached. The same Idempotency-Key always means the same run. */
        readonly post: operations["RunsController_start"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/pipelines/{pipeline}/runs/{run}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** A run: its plan, the record of each task that has ended, the tasks that no host could run so far and why, and its place while it waits in the queue. */
        readonly get: operations["RunsController_show"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/pipelines/{pipeline}/runs/{run}/cancel": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Cancels a run, unless it has ended. Finished steps are kept. */
        readonly post: operations["RunsController_cancel"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/pipelines/{pipeline}/runs/{run}/events": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Streams the past and new events of a run as server-sent events until it ends; while it waits in the queue, `queued` with its place. */
        readonly get: operations["RunsController_follow"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/pipelines/{pipeline}/runs/{run}/missing-stages": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** The steps that a run waits for and that have no running stage, as far as Kafka knows. Normally none. */
        readonly get: operations["RunsController_missingStages"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/pipelines/{pipeline}/runs/{run}/rerun": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Runs one step of this run again from the same inputs, to compare. */
        readonly post: operations["RunsController_rerun"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/pipelines/{pipeline}/runs/{run}/retry": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Starts a new run with the same parameters that reuses the finished steps of this one. */
        readonly post: operations["RunsController_retry"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/pipelines/{pipeline}/store/children": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** The names in a folder. */
        readonly get: operations["RecordsController_children"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/pipelines/{pipeline}/store/object": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** An object's bytes. */
        readonly get: operations["RecordsController_object"];
        /** Stores an object. Its bytes must match the digest in its name. */
        readonly put: operations["RecordsController_addObject"];
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/pipelines/{pipeline}/store/record": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** A record's bytes, by its path in the pipeline's folder. */
        readonly get: operations["RecordsController_record"];
        /** Adds a checkpoint that was computed elsewhere, unless it already exists. */
        readonly put: operations["RecordsController_addRecord"];
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/pipelines/{pipeline}/store/stat": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** The size of a record or an object, and when it was written. */
        readonly get: operations["RecordsController_stat"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        readonly Problem: {
            readonly code: string;
            /** @description what happened, where, and what was expected */
            readonly detail: string;
            /** @description of an unexpected error: its id in the service's log */
            readonly instance?: string;
            /** @description what to do: a command, or the change to make */
            readonly next?: string;
            readonly status: number;
            /** @description the same for all problems of a type */
            readonly title: string;
            /** @description `urn:cairn:problem:<code>` */
            readonly type: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    readonly HealthController_live: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The process is healthy. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly [key: string]: string;
                    };
                };
            };
        };
    };
    readonly HealthController_ready: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Its dependencies are healthy. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly [key: string]: string;
                    };
                };
            };
        };
    };
    readonly CheckupController_look: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description What was checked, and its state. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly checks: readonly {
                            readonly found: string;
                            readonly next?: string;
                            readonly ok: boolean;
                            readonly what: string;
                        }[];
                        readonly env: string;
                        /** @description milliseconds since 1970 */
                        readonly now: number;
                    };
                };
            };
        };
    };
    readonly DeadLettersController_counts: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The number of waiting dead letters by pipeline. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly waiting: {
                            readonly [key: string]: number;
                        };
                    };
                };
            };
        };
    };
    readonly openapi: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description This document. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly info: {
                            readonly title: string;
                        };
                        readonly openapi: string;
                        readonly paths: {
                            readonly [key: string]: unknown;
                        };
                    };
                };
            };
        };
    };
    readonly PipelinesController_list: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The environment and its pipelines. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly env: string;
                        readonly pipelines: readonly string[];
                    };
                };
            };
        };
    };
    readonly CollectionsController_collect: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly pipeline: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    /**
                     * @description only report what would be removed
                     * @default false
                     */
                    readonly dryRun?: boolean;
                };
            };
        };
        readonly responses: {
            /** @description What was removed, or would be removed. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly dryRun: boolean;
                        readonly pipeline: string;
                        readonly report: {
                            readonly checkpoints: number;
                            readonly code: number;
                            /** @description records that cannot be read; data that they may refer to is kept */
                            readonly damaged: readonly string[];
                            readonly deleted: number;
                            /** @description bytes */
                            readonly freed: number;
                            readonly restored: number;
                            /** @description runs that are removed */
                            readonly runs: readonly string[];
                            /** @description number of expired leases and old idempotency keys */
                            readonly stale: number;
                            /** @description number of objects that are moved to the trash */
                            readonly trashed: number;
                        };
                        readonly retention: {
                            /** @description missing if it only runs on request */
                            readonly everyMs?: number;
                            readonly graceMs: number;
                            readonly keepMs: number;
                            readonly keepRuns: number;
                        };
                    };
                };
            };
        };
    };
    readonly DeadLettersController_list: {
        readonly parameters: {
            readonly query?: {
                readonly after?: string;
                readonly all?: boolean;
                readonly limit?: number;
                readonly run?: string;
            };
            readonly header?: never;
            readonly path: {
                readonly pipeline: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Dead letters, newest first. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly letters: readonly {
                            /** @description milliseconds since 1970 */
                            readonly at: number;
                            /** @description missing if the message is not an event, or was too large to be kept in full */
                            readonly event?: {
                                readonly batch?: string;
                                readonly id: string;
                                readonly node?: string;
                                readonly run: string;
                                readonly type: string;
                            };
                            /** @description the consumer groups that gave it up */
                            readonly groups: readonly {
                                /** @description milliseconds since 1970 */
                                readonly at: number;
                                readonly error: {
                                    readonly code: string;
                                    readonly message: string;
                                    readonly next?: string;
                                };
                                readonly group: string;
                                /** @enum {string} */
                                readonly state: "waiting" | "replayed" | "dropped";
                            }[];
                            /** @description <partition>-<offset> in its topic */
                            readonly id: string;
                            /** @description the beginning of the message, if it is not an event */
                            readonly preview?: string;
                            readonly topic: string;
                        }[];
                        /** @description set if there are older ones: send it as `after` to get them */
                        readonly next?: string;
                        readonly waiting: number;
                    };
                };
            };
        };
    };
    readonly DeadLettersController_show: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
                readonly pipeline: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The dead letter with its message, in base64. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        /** @description milliseconds since 1970 */
                        readonly at: number;
                        /** @description missing if the message is not an event, or was too large to be kept in full */
                        readonly event?: {
                            readonly batch?: string;
                            readonly id: string;
                            readonly node?: string;
                            readonly run: string;
                            readonly type: string;
                        };
                        /** @description the consumer groups that gave it up */
                        readonly groups: readonly {
                            /** @description milliseconds since 1970 */
                            readonly at: number;
                            readonly error: {
                                readonly code: string;
                                readonly message: string;
                                readonly next?: string;
                            };
                            readonly group: string;
                            /** @enum {string} */
                            readonly state: "waiting" | "replayed" | "dropped";
                        }[];
                        readonly headers: {
                            readonly [key: string]: readonly string[];
                        };
                        /** @description <partition>-<offset> in its topic */
                        readonly id: string;
                        /** @description the beginning of the message, if it is not an event */
                        readonly preview?: string;
                        readonly topic: string;
                        readonly value: string | null;
                    };
                };
            };
        };
    };
    readonly DeadLettersController_drop: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
                readonly pipeline: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: {
            readonly content: {
                readonly "application/json": {
                    /** @description default: all groups that gave it up */
                    readonly group?: string;
                };
            };
        };
        readonly responses: {
            /** @description The groups for which it is dropped. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly groups: readonly string[];
                        readonly id: string;
                    };
                };
            };
        };
    };
    readonly DeadLettersController_replay: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
                readonly pipeline: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: {
            readonly content: {
                readonly "application/json": {
                    /** @description default: all groups that gave it up */
                    readonly group?: string;
                };
            };
        };
        readonly responses: {
            /** @description The groups that get it again. */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly groups: readonly string[];
                        readonly id: string;
                    };
                };
            };
        };
    };
    readonly ExaminationsController_examine: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly pipeline: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    /** @description default: from the beginning */
                    readonly after?: {
                        /** @description the last path that was checked */
                        readonly after: string;
                        /** @enum {string} */
                        readonly area: "objects" | "code" | "checkpoints" | "runs" | "others";
                        /** @description digests of damaged objects found so far */
                        readonly broken: readonly string[];
                    };
                    /**
                     * @description the share of objects whose bytes are read
                     * @default 1
                     */
                    readonly bytes?: number;
                    /**
                     * @description move damaged records and objects to quarantine/
                     * @default false
                     */
                    readonly repair?: boolean;
                };
            };
        };
        readonly responses: {
            /** @description Problems in the part that was checked. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        /** @description `bytes`: total size of the objects; `read`: how much of it was read */
                        readonly checked: {
                            readonly bytes: number;
                            readonly checkpoints: number;
                            readonly objects: number;
                            readonly read: number;
                            readonly runs: number;
                        };
                        readonly findings: readonly {
                            readonly path: string;
                            /** @description what a repair does */
                            readonly repair: string;
                            readonly what: string;
                        }[];
                        /** @description set if there is more to check: send it as `after` to continue */
                        readonly next?: {
                            /** @description the last path that was checked */
                            readonly after: string;
                            /** @enum {string} */
                            readonly area: "objects" | "code" | "checkpoints" | "runs" | "others";
                            /** @description digests of damaged objects found so far */
                            readonly broken: readonly string[];
                        };
                    };
                };
            };
        };
    };
    readonly RunsController_plan: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly pipeline: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    /** @description the run that provides the outputs of steps that are not run */
                    readonly base?: string;
                    /** @description steps to compute even if nothing has changed */
                    readonly force?: readonly string[];
                    /** @description steps to start from */
                    readonly from?: readonly string[];
                    /** @description only one item of a step: <step>/<index or label> */
                    readonly item?: string;
                    /** @description run parameters, and step parameters as <step>.<name> */
                    readonly settings?: {
                        readonly [key: string]: unknown;
                    };
                    /** @description steps to stop after */
                    readonly until?: readonly string[];
                };
            };
        };
        readonly responses: {
            /** @description What a run would do, step by step. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly pipeline: string;
                        readonly steps: readonly {
                            /** @enum {string} */
                            readonly decision: "reuse" | "run" | "may run" | "skip" | "given" | "fails";
                            /** @description the expected time: a median of earlier runs */
                            readonly expected?: {
                                readonly ms: number;
                                /** @description number of runs */
                                readonly runs: number;
                            };
                            readonly item?: {
                                readonly indices: readonly number[];
                                readonly item: string;
                                readonly labels: readonly (string | null)[];
                            };
                            readonly items?: {
                                readonly reuse: number;
                                readonly run: number;
                            };
                            readonly node: string;
                            readonly reasons: readonly (({
                                /** @enum {string} */
                                readonly because: "new" | "new item" | "outputs" | "expired" | "of later" | "forced" | "object missing" | "altered" | "unfinished" | "failed" | "caught" | "timed out" | "unknown items";
                            } | {
                                /** @enum {string} */
                                readonly because: "code";
                                readonly changes: readonly {
                                    /** @description version */
                                    readonly after?: string;
                                    /** @description version */
                                    readonly before?: string;
                                    readonly file?: string;
                                    /** @enum {string} */
                                    readonly how: "changed" | "added" | "removed";
                                    /** @description the name it had before */
                                    readonly instead?: string;
                                    readonly line?: number;
                                    readonly name: string;
                                    /** @description how the step reaches it: the step, then files */
                                    readonly path: readonly string[];
                                    /** @enum {string} */
                                    readonly what: "declaration" | "package" | "node" | "order" | "scheme";
                                }[];
                            } | {
                                /** @description any JSON */
                                readonly after?: unknown;
                                /** @enum {string} */
                                readonly because: "parameter" | "source";
                                /** @description any JSON */
                                readonly before?: unknown;
                                readonly name: string;
                            } | {
                                /** @enum {string} */
                                readonly because: "input";
                                readonly certain: boolean;
                                readonly from: string;
                                readonly input: string;
                            } | {
                                /** @enum {string} */
                                readonly because: "branch" | "other arm";
                                readonly when: string;
                            } | {
                                /** @enum {string} */
                                readonly because: "never";
                                readonly text: string;
                            } | {
                                /** @enum {string} */
                                readonly because: "unread input";
                                readonly error: {
                                    readonly code: string;
                                    readonly message: string;
                                    readonly next?: string;
                                };
                                readonly input: string;
                                readonly source: string;
                            } | {
                                /** @enum {string} */
                                readonly because: "unread";
                                readonly error: {
                                    readonly code: string;
                                    readonly message: string;
                                    readonly next?: string;
                                };
                            } | {
                                /** @enum {string} */
                                readonly because: "reused";
                                /** @description milliseconds since 1970 */
                                readonly computedAt: number;
                                /** @description how long it took to compute */
                                readonly ms: number;
                                readonly outputs: readonly {
                                    /** @description the content, if it is small and not UTF-8 */
                                    readonly base64?: string;
                                    readonly contentDigest?: string;
                                    /** @description SHA-256 of the bytes, in hex */
                                    readonly digest: string;
                                    /** @description number of items of a list */
                                    readonly items?: number;
                                    readonly label?: string;
                                    /** @description bytes */
                                    readonly size: number;
                                    readonly summary?: {
                                        readonly [key: string]: unknown;
                                    };
                                    /** @description the content, if it is small and UTF-8 */
                                    readonly text?: string;
                                }[];
                            } | {
                                /** @enum {string} */
                                readonly because: "given";
                                /** @description run */
                                readonly from: string;
                            } | {
                                /** @enum {string} */
                                readonly because: "taint";
                                readonly how: string;
                                readonly output: string;
                            }) | {
                                /** @enum {string} */
                                readonly because: "stale";
                                readonly reasons: readonly ({
                                    /** @enum {string} */
                                    readonly because: "new" | "new item" | "outputs" | "expired" | "of later" | "forced" | "object missing" | "altered" | "unfinished" | "failed" | "caught" | "timed out" | "unknown items";
                                } | {
                                    /** @enum {string} */
                                    readonly because: "code";
                                    readonly changes: readonly {
                                        /** @description version */
                                        readonly after?: string;
                                        /** @description version */
                                        readonly before?: string;
                                        readonly file?: string;
                                        /** @enum {string} */
                                        readonly how: "changed" | "added" | "removed";
                                        /** @description the name it had before */
                                        readonly instead?: string;
                                        readonly line?: number;
                                        readonly name: string;
                                        /** @description how the step reaches it: the step, then files */
                                        readonly path: readonly string[];
                                        /** @enum {string} */
                                        readonly what: "declaration" | "package" | "node" | "order" | "scheme";
                                    }[];
                                } | {
                                    /** @description any JSON */
                                    readonly after?: unknown;
                                    /** @enum {string} */
                                    readonly because: "parameter" | "source";
                                    /** @description any JSON */
                                    readonly before?: unknown;
                                    readonly name: string;
                                } | {
                                    /** @enum {string} */
                                    readonly because: "input";
                                    readonly certain: boolean;
                                    readonly from: string;
                                    readonly input: string;
                                } | {
                                    /** @enum {string} */
                                    readonly because: "branch" | "other arm";
                                    readonly when: string;
                                } | {
                                    /** @enum {string} */
                                    readonly because: "never";
                                    readonly text: string;
                                } | {
                                    /** @enum {string} */
                                    readonly because: "unread input";
                                    readonly error: {
                                        readonly code: string;
                                        readonly message: string;
                                        readonly next?: string;
                                    };
                                    readonly input: string;
                                    readonly source: string;
                                } | {
                                    /** @enum {string} */
                                    readonly because: "unread";
                                    readonly error: {
                                        readonly code: string;
                                        readonly message: string;
                                        readonly next?: string;
                                    };
                                } | {
                                    /** @enum {string} */
                                    readonly because: "reused";
                                    /** @description milliseconds since 1970 */
                                    readonly computedAt: number;
                                    /** @description how long it took to compute */
                                    readonly ms: number;
                                    readonly outputs: readonly {
                                        /** @description the content, if it is small and not UTF-8 */
                                        readonly base64?: string;
                                        readonly contentDigest?: string;
                                        /** @description SHA-256 of the bytes, in hex */
                                        readonly digest: string;
                                        /** @description number of items of a list */
                                        readonly items?: number;
                                        readonly label?: string;
                                        /** @description bytes */
                                        readonly size: number;
                                        readonly summary?: {
                                            readonly [key: string]: unknown;
                                        };
                                        /** @description the content, if it is small and UTF-8 */
                                        readonly text?: string;
                                    }[];
                                } | {
                                    /** @enum {string} */
                                    readonly because: "given";
                                    /** @description run */
                                    readonly from: string;
                                } | {
                                    /** @enum {string} */
                                    readonly because: "taint";
                                    readonly how: string;
                                    readonly output: string;
                                })[];
                            })[];
                        }[];
                    };
                };
            };
        };
    };
    readonly ChampionsController_show: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly pipeline: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The production run, and the rules for promotion. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly champion: {
                            /**
                             * @description set once consumers have been notified
                             * @enum {boolean}
                             */
                            readonly announced?: true;
                            /** @description name of the token that set it */
                            readonly by: string;
                            /** @description the run of a playground that was promoted */
                            readonly from?: string;
                            /** @description the previous production run, for a rollback */
                            readonly previous?: {
                                /**
                                 * @description set once consumers have been notified
                                 * @enum {boolean}
                                 */
                                readonly announced?: true;
                                /** @description name of the token that set it */
                                readonly by: string;
                                /** @description the run of a playground that was promoted */
                                readonly from?: string;
                                readonly run: string;
                                /** @description milliseconds since 1970 */
                                readonly since: number;
                            };
                            readonly run: string;
                            /** @description milliseconds since 1970 */
                            readonly since: number;
                            readonly v: number;
                        } | null;
                        readonly mayPromote: boolean;
                        /** @enum {string} */
                        readonly policy: "adopt" | "verify" | "recompute";
                        /** @description public keys by service name */
                        readonly trusted: {
                            readonly [key: string]: string;
                        };
                        readonly you: string;
                    };
                };
            };
        };
    };
    readonly ChampionsController_promote: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly pipeline: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    /** @description the run that is in production now; null for none */
                    readonly expected: string | null;
                    /** @description the playground run that it repeats, as the sender names it; control cannot check it */
                    readonly from?: string;
                    /** @description the run to put into production */
                    readonly run: string;
                };
            };
        };
        readonly responses: {
            /** @description The production run now. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        /**
                         * @description set once consumers have been notified
                         * @enum {boolean}
                         */
                        readonly announced?: true;
                        /** @description name of the token that set it */
                        readonly by: string;
                        /** @description the run of a playground that was promoted */
                        readonly from?: string;
                        /** @description the previous production run, for a rollback */
                        readonly previous?: {
                            /**
                             * @description set once consumers have been notified
                             * @enum {boolean}
                             */
                            readonly announced?: true;
                            /** @description name of the token that set it */
                            readonly by: string;
                            /** @description the run of a playground that was promoted */
                            readonly from?: string;
                            readonly run: string;
                            /** @description milliseconds since 1970 */
                            readonly since: number;
                        };
                        readonly run: string;
                        /** @description milliseconds since 1970 */
                        readonly since: number;
                        readonly v: number;
                    };
                };
            };
        };
    };
    readonly ChampionsController_rollBack: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly pipeline: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    /** @description the run that is in production now */
                    readonly expected: string;
                };
            };
        };
        readonly responses: {
            /** @description The production run now. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        /**
                         * @description set once consumers have been notified
                         * @enum {boolean}
                         */
                        readonly announced?: true;
                        /** @description name of the token that set it */
                        readonly by: string;
                        /** @description the run of a playground that was promoted */
                        readonly from?: string;
                        /** @description the previous production run, for a rollback */
                        readonly previous?: {
                            /**
                             * @description set once consumers have been notified
                             * @enum {boolean}
                             */
                            readonly announced?: true;
                            /** @description name of the token that set it */
                            readonly by: string;
                            /** @description the run of a playground that was promoted */
                            readonly from?: string;
                            readonly run: string;
                            /** @description milliseconds since 1970 */
                            readonly since: number;
                        };
                        readonly run: string;
                        /** @description milliseconds since 1970 */
                        readonly since: number;
                        readonly v: number;
                    };
                };
            };
        };
    };
    readonly RunsController_list: {
        readonly parameters: {
            readonly query?: {
                /** @description only runs older than this one: `next` of the previous page */
                readonly before?: string;
                /** @description maximum number of runs */
                readonly limit?: number;
                /** @description only runs with all of these parameter values: <name>=<value>, or <step>.<name>=<value>, as text or JSON */
                readonly param?: readonly string[];
                /** @description only runs planned at this time or later: a date, with or without a time (UTC unless it names a zone), or milliseconds since 1970 */
                readonly since?: string;
                /** @description only runs with any of these statuses */
                readonly status?: readonly ("queued" | "running" | "refused" | "completed" | "failed" | "cancelled")[];
                /** @description only runs planned before this time */
                readonly until?: string;
            };
            readonly header?: never;
            readonly path: {
                readonly pipeline: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Runs, newest first. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        /** @description set if there may be older ones: send it as `before` to get them */
                        readonly next?: string;
                        readonly runs: readonly {
                            /** @description milliseconds since 1970 */
                            readonly createdAt?: number;
                            /** @description milliseconds since 1970 */
                            readonly endedAt?: number;
                            /** @description why a run was refused */
                            readonly fault?: string;
                            readonly params?: {
                                readonly [key: string]: unknown;
                            };
                            /** @description the place of a queued run */
                            readonly queue?: {
                                /**
                                 * @description the run waits because the project no longer has its pipeline: cancel it, or add the pipeline again
                                 * @enum {boolean}
                                 */
                                readonly isRemoved?: true;
                                /** @description the limit that is reached. Without one, the run is about to start, unless its pipeline was removed */
                                readonly limit?: {
                                    readonly name: string;
                                    /** @enum {string} */
                                    readonly of: "pipeline" | "environment";
                                    readonly runs: number;
                                };
                                /** @description 1 for the run that is next */
                                readonly place: number;
                                /** @description number of runs that wait for the same limit */
                                readonly waiting: number;
                            };
                            readonly run: string;
                            /** @enum {string} */
                            readonly status: "queued" | "running" | "refused" | "completed" | "failed" | "cancelled";
                            /** @description tasks that no host could run so far */
                            readonly unfit?: readonly {
                                /** @description milliseconds since 1970 */
                                readonly at: number;
                                readonly error: {
                                    readonly code: string;
                                    readonly message: string;
                                    readonly next?: string;
                                };
                                readonly host: string;
                                readonly task: string;
                            }[];
                        }[];
                    };
                };
            };
        };
    };
    readonly RunsController_start: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description the same key always means the same run, however often it is sent */
                readonly "Idempotency-Key"?: string;
            };
            readonly path: {
                readonly pipeline: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    /** @description the run that provides the outputs of steps that are not run */
                    readonly base?: string;
                    /** @description steps to compute even if nothing has changed */
                    readonly force?: readonly string[];
                    /** @description steps to start from */
                    readonly from?: readonly string[];
                    /** @description run parameters, and step parameters as <step>.<name> */
                    readonly settings?: {
                        readonly [key: string]: unknown;
                    };
                    /** @description steps to stop after */
                    readonly until?: readonly string[];
                };
            };
        };
        readonly responses: {
            /** @description The run was started or queued. */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        /** @description false if an earlier request with the same Idempotency-Key started it */
                        readonly isNew: boolean;
                        readonly run: string;
                    };
                };
            };
        };
    };
    readonly RunsController_show: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly pipeline: string;
                readonly run: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The run, with the record of each task that has ended. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly end?: {
                            /** @description milliseconds since 1970 */
                            readonly endedAt: number;
                            readonly host: string;
                            /** @enum {string} */
                            readonly status: "completed" | "failed" | "cancelled";
                            readonly v: number;
                        };
                        readonly plan: {
                            /** @description milliseconds since 1970 */
                            readonly createdAt: number;
                            readonly env: string;
                            readonly nodes: {
                                readonly [key: string]: {
                                    readonly batch?: number;
                                    readonly collects?: {
                                        readonly [key: string]: {
                                            readonly item?: string;
                                            readonly node?: string;
                                            readonly output?: string;
                                        };
                                    };
                                    readonly condition?: {
                                        readonly item?: string;
                                        readonly node?: string;
                                        readonly output?: string;
                                        /** @description set if it was known when the run was planned */
                                        readonly value?: boolean;
                                    };
                                    readonly force?: boolean;
                                    readonly from?: string;
                                    readonly guards: readonly {
                                        readonly arm: boolean;
                                        readonly condition: {
                                            readonly item?: string;
                                            readonly node?: string;
                                            readonly output?: string;
                                            /** @description set if it was known when the run was planned */
                                            readonly value?: boolean;
                                        };
                                        readonly when: string;
                                    }[];
                                    readonly inputs?: {
                                        readonly [key: string]: {
                                            readonly item?: string;
                                            readonly node?: string;
                                            readonly output?: string;
                                        };
                                    };
                                    readonly otherwise?: {
                                        readonly [key: string]: {
                                            readonly item?: string;
                                            readonly node?: string;
                                            readonly output?: string;
                                        };
                                    };
                                    readonly outputs?: {
                                        readonly [key: string]: {
                                            /** @description the content, if it is small and not UTF-8 */
                                            readonly base64?: string;
                                            readonly contentDigest?: string;
                                            /** @description SHA-256 of the bytes, in hex */
                                            readonly digest: string;
                                            /** @description number of items of a list */
                                            readonly items?: number;
                                            readonly label?: string;
                                            /** @description bytes */
                                            readonly size: number;
                                            readonly summary?: {
                                                readonly [key: string]: unknown;
                                            };
                                            /** @description the content, if it is small and UTF-8 */
                                            readonly text?: string;
                                        };
                                    };
                                    /** @description the output of a node, or the item of an `each` */
                                    readonly over?: {
                                        readonly item?: string;
                                        readonly node?: string;
                                        readonly output?: string;
                                    };
                                    readonly params?: {
                                        readonly [key: string]: unknown;
                                    };
                                    /** @description for a source: what it reads from the production runs of other pipelines */
                                    readonly production?: {
                                        readonly [key: string]: {
                                            readonly artifact: {
                                                /** @description the content, if it is small and not UTF-8 */
                                                readonly base64?: string;
                                                readonly contentDigest?: string;
                                                /** @description SHA-256 of the bytes, in hex */
                                                readonly digest: string;
                                                /** @description number of items of a list */
                                                readonly items?: number;
                                                readonly label?: string;
                                                /** @description bytes */
                                                readonly size: number;
                                                readonly summary?: {
                                                    readonly [key: string]: unknown;
                                                };
                                                /** @description the content, if it is small and UTF-8 */
                                                readonly text?: string;
                                            };
                                            readonly output: string;
                                            readonly pipeline: string;
                                            readonly run: string;
                                        };
                                    };
                                    /** @description the `each` nodes around it, outermost first */
                                    readonly scope: readonly string[];
                                    readonly step?: string;
                                    readonly then?: {
                                        readonly [key: string]: {
                                            readonly item?: string;
                                            readonly node?: string;
                                            readonly output?: string;
                                        };
                                    };
                                    /** @enum {string} */
                                    readonly type: "step" | "each" | "when" | "given";
                                    readonly versions?: {
                                        readonly [key: string]: string;
                                    };
                                };
                            };
                            readonly outputs: {
                                readonly [key: string]: {
                                    readonly item?: string;
                                    readonly node?: string;
                                    readonly output?: string;
                                };
                            };
                            readonly params: {
                                readonly [key: string]: unknown;
                            };
                            readonly parent?: string;
                            readonly pipeline: string;
                            readonly run: string;
                            readonly settings?: {
                                readonly [key: string]: unknown;
                            };
                            readonly steps: {
                                readonly [key: string]: {
                                    readonly cache?: {
                                        readonly maxAgeMs?: number;
                                        readonly never?: string;
                                    };
                                    readonly code: {
                                        /** @description SHA-256 (hex) of the stored code */
                                        readonly digest?: string;
                                        readonly fingerprint?: string;
                                        /** @description why there is no stored code */
                                        readonly inline?: string;
                                        readonly packages?: string;
                                    };
                                    readonly fallback?: {
                                        /** @description SHA-256 (hex) of the stored code */
                                        readonly digest?: string;
                                        readonly fingerprint?: string;
                                        /** @description why there is no stored code */
                                        readonly inline?: string;
                                        readonly packages?: string;
                                    };
                                    /** @description bytes */
                                    readonly memory?: number;
                                    readonly outputs: {
                                        readonly [key: string]: {
                                            readonly kind: string;
                                            /** @description any JSON */
                                            readonly schema: unknown;
                                            readonly version: number;
                                        };
                                    };
                                    readonly retry?: {
                                        readonly backoffMs: number;
                                        readonly maxBackoffMs: number;
                                        readonly on?: readonly string[];
                                        readonly times: number;
                                    };
                                    /** @description names */
                                    readonly secrets?: readonly string[];
                                    readonly source: boolean;
                                    readonly timeoutMs?: number;
                                };
                            };
                            readonly v: number;
                        };
                        /** @description the place of a queued run */
                        readonly queue?: {
                            /**
                             * @description the run waits because the project no longer has its pipeline: cancel it, or add the pipeline again
                             * @enum {boolean}
                             */
                            readonly isRemoved?: true;
                            /** @description the limit that is reached. Without one, the run is about to start, unless its pipeline was removed */
                            readonly limit?: {
                                readonly name: string;
                                /** @enum {string} */
                                readonly of: "pipeline" | "environment";
                                readonly runs: number;
                            };
                            /** @description 1 for the run that is next */
                            readonly place: number;
                            /** @description number of runs that wait for the same limit */
                            readonly waiting: number;
                        };
                        readonly tasks: {
                            readonly [key: string]: {
                                readonly attempts?: number;
                                readonly counts: {
                                    readonly [key: string]: readonly number[];
                                };
                                /** @description milliseconds since 1970 */
                                readonly endedAt: number;
                                readonly failures?: readonly {
                                    readonly code: string;
                                    readonly message: string;
                                    readonly next?: string;
                                }[];
                                readonly host: string;
                                /** @description one for a task of one item, one per item for a batch */
                                readonly items: readonly {
                                    /** @description the node that caused this outcome */
                                    readonly because?: string;
                                    readonly caught?: {
                                        readonly code: string;
                                        readonly message: string;
                                        readonly next?: string;
                                    };
                                    readonly error?: {
                                        readonly code: string;
                                        readonly message: string;
                                        readonly next?: string;
                                    };
                                    /** @enum {string} */
                                    readonly how?: "computed" | "reused" | "caught" | "joined";
                                    readonly key?: string;
                                    readonly ms?: number;
                                    readonly outputs?: {
                                        readonly [key: string]: {
                                            /** @description the content, if it is small and not UTF-8 */
                                            readonly base64?: string;
                                            readonly contentDigest?: string;
                                            /** @description SHA-256 of the bytes, in hex */
                                            readonly digest: string;
                                            /** @description number of items of a list */
                                            readonly items?: number;
                                            readonly label?: string;
                                            /** @description bytes */
                                            readonly size: number;
                                            readonly summary?: {
                                                readonly [key: string]: unknown;
                                            };
                                            /** @description the content, if it is small and UTF-8 */
                                            readonly text?: string;
                                        };
                                    };
                                    /** @enum {string} */
                                    readonly status: "completed" | "failed" | "cancelled" | "timed-out" | "skipped" | "blocked";
                                }[];
                                /** @description milliseconds since 1970 */
                                readonly startedAt: number;
                                /** @enum {string} */
                                readonly status: "completed" | "failed" | "cancelled" | "timed-out" | "skipped" | "blocked";
                                readonly v: number;
                            };
                        };
                        readonly unfit: readonly {
                            /** @description milliseconds since 1970 */
                            readonly at: number;
                            readonly error: {
                                readonly code: string;
                                readonly message: string;
                                readonly next?: string;
                            };
                            readonly host: string;
                            readonly task: string;
                        }[];
                    };
                };
            };
        };
    };
    readonly RunsController_cancel: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly pipeline: string;
                readonly run: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description How the run ended. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        /** @description milliseconds since 1970 */
                        readonly endedAt: number;
                        readonly host: string;
                        /** @enum {string} */
                        readonly status: "completed" | "failed" | "cancelled";
                        readonly v: number;
                    };
                };
            };
        };
    };
    readonly RunsController_follow: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description the id of the last message received: the stream continues after it */
                readonly "Last-Event-ID"?: string;
            };
            readonly path: {
                readonly pipeline: string;
                readonly run: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Server-sent events: `event` is the type, `id` the id, `data` the CloudEvent. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "text/event-stream": {
                        /** @description JSON: the CloudEvent; for `queued`, the place in the queue; for `ping`, `{}` */
                        readonly data: string;
                        /** @description the type of the CloudEvent; `queued` while the run waits in the queue; `ping` */
                        readonly event: string;
                        /** @description to resume after this event, send it as Last-Event-ID */
                        readonly id?: string;
                    };
                };
            };
        };
    };
    readonly RunsController_missingStages: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly pipeline: string;
                readonly run: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The steps that the run waits for and that have no running stage. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly steps: readonly string[];
                    };
                };
            };
        };
    };
    readonly RunsController_rerun: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description the same key always means the same run, however often it is sent */
                readonly "Idempotency-Key"?: string;
            };
            readonly path: {
                readonly pipeline: string;
                readonly run: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    /** @description a step, or an `each` with everything inside it */
                    readonly node: string;
                };
            };
        };
        readonly responses: {
            /** @description The new run was started. */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        /** @description false if an earlier request with the same Idempotency-Key started it */
                        readonly isNew: boolean;
                        readonly run: string;
                    };
                };
            };
        };
    };
    readonly RunsController_retry: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description the same key always means the same run, however often it is sent */
                readonly "Idempotency-Key"?: string;
            };
            readonly path: {
                readonly pipeline: string;
                readonly run: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    /** @description the step to start from; default: where the run started, reusing what has finished */
                    readonly from?: string;
                };
            };
        };
        readonly responses: {
            /** @description The new run was started. */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        /** @description false if an earlier request with the same Idempotency-Key started it */
                        readonly isNew: boolean;
                        readonly run: string;
                    };
                };
            };
        };
    };
    readonly RecordsController_children: {
        readonly parameters: {
            readonly query: {
                readonly path: string;
            };
            readonly header?: never;
            readonly path: {
                readonly pipeline: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The names in the folder. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly names: readonly string[];
                    };
                };
            };
        };
    };
    readonly RecordsController_object: {
        readonly parameters: {
            readonly query: {
                readonly path: string;
            };
            readonly header?: never;
            readonly path: {
                readonly pipeline: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The object's bytes. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/octet-stream": string;
                };
            };
        };
    };
    readonly RecordsController_addObject: {
        readonly parameters: {
            readonly query: {
                readonly path: string;
            };
            readonly header?: never;
            readonly path: {
                readonly pipeline: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/octet-stream": string;
            };
        };
        readonly responses: {
            /** @description The object is stored. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": Record<string, never>;
                };
            };
        };
    };
    readonly RecordsController_record: {
        readonly parameters: {
            readonly query: {
                readonly path: string;
            };
            readonly header?: never;
            readonly path: {
                readonly pipeline: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The record's bytes. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/octet-stream": string;
                };
            };
        };
    };
    readonly RecordsController_addRecord: {
        readonly parameters: {
            readonly query: {
                readonly path: string;
            };
            readonly header?: never;
            readonly path: {
                readonly pipeline: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/octet-stream": string;
            };
        };
        readonly responses: {
            /** @description The record is stored. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        /** @description false if the record already existed */
                        readonly created: boolean;
                    };
                };
            };
        };
    };
    readonly RecordsController_stat: {
        readonly parameters: {
            readonly query: {
                readonly path: string;
            };
            readonly header?: never;
            readonly path: {
                readonly pipeline: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Its size, and when it was written. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        /** @description milliseconds since 1970 */
                        readonly modified: number;
                        readonly size: number;
                    };
                };
            };
        };
    };
}
