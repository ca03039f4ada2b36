declare module 'kafkajs/src/network/requestQueue/index.js' {
  export default class RequestQueue {
    readonly pending: readonly unknown[]
    scheduleCheckPendingRequests: (this: RequestQueue) => void
  }
}

declare module 'kafkajs/src/consumer/batch.js' {
  import type { KafkaMessage } from 'kafkajs'
  /** Omits control records, messages of aborted transactions, and messages before the fetched offset. */
  export default class Batch {
    constructor(topic: string, fetchedOffset: string, partitionData: object)
    readonly partition: number
    readonly messages: KafkaMessage[]
    readonly highWatermark: string
    lastOffset(): string
    isEmptyIncludingFiltered(): boolean
  }
}

declare module 'kafkajs/src/network/requestQueue/socketRequest.js' {
  export default class SocketRequest {
    constructor(options: object)
    sentAt: number | null
    send(): void
  }
}

declare module 'kafkajs/src/cluster/brokerPool.js' {
  export default class BrokerPool {
    constructor(options: object)
    metadataExpireAt: number | null
  }
}

declare module 'kafkajs/src/consumer/consumerGroup.js' {
  export default class ConsumerGroup {
    constructor(options: object)
    memberId: string | null
    coordinator: { heartbeat(payload: object): Promise<void> } | null
    heartbeat(options: { readonly interval: number }): Promise<void>
  }
}
