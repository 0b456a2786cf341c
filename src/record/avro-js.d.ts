/**
 * The part of avro-js 1.12 that we use. We come in by `lib/files.js`: the front door of the package asks for `underscore`,
 * which it does not declare, to load a validator that it deprecates.
 */
declare module 'avro-js/lib/files.js' {
  export interface AvroType {
    /** Writes into `buffer` from `position`; returns the position behind it, or minus the bytes that were missing. */
    encode(value: unknown, buffer: Buffer, position?: number): number
    fromBuffer(buffer: Buffer): unknown
    toBuffer(value: unknown): Buffer
    createResolver(writer: AvroType): unknown
    decode(buffer: Buffer, position?: number, resolver?: unknown): { value: unknown; offset: number }
    getSchema(): string
  }
  export function parse(schema: object): AvroType
  /** What an object container file begins with. */
  export const HEADER_TYPE: AvroType
  export const MAGIC_BYTES: Buffer
  export const streams: {
    BlockEncoder: new (
      schema: object | AvroType,
      options?: { codec?: string; codecs?: object; blockSize?: number; syncMarker?: Buffer },
    ) => NodeJS.ReadWriteStream
    BlockDecoder: new (options?: { codecs?: object }) => NodeJS.ReadWriteStream
  }
}
