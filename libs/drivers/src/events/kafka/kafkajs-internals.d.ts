declare module 'kafkajs/src/network/requestQueue/index.js' {
  export default class RequestQueue {
    readonly pending: readonly unknown[]
    scheduleCheckPendingRequests: (this: RequestQueue) => void
  }
}

declare module 'kafkajs/src/consumer/batch.js' {
  import type { KafkaMessage } from 'kafkajs'
  /** Leaves out what is not to be seen: messages of aborted transactions, marks, what lies before the offset asked for. */
  export default class Batch {
    constructor(topic: string, fetchedOffset: string, partitionData: object)
    readonly partition: number
    readonly messages: KafkaMessage[]
    readonly highWatermark: string
    lastOffset(): string
    isEmptyIncludingFiltered(): boolean
  }
}
