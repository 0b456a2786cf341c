/** What a receiver tells of besides flows. It appears in the balance sheet of each pipeline behind the receiver. */
export type Loss =
  /** Input that should have been flows and is none: each broken line or record counts as one. */
  | { readonly kind: 'dropped'; readonly reason: string; readonly flows: number }
  /** Input that was gone before anybody read it; nobody knows how many flows it held. */
  | { readonly kind: 'gap'; readonly bytes: number }
  /** Events that were lost before they reached us, as the source reports them. */
  | { readonly kind: 'lost_upstream'; readonly source: string; readonly events: number }
  /** Records that are no flows and are not meant to be (agent events), or defects mended without loss. */
  | { readonly kind: 'noted'; readonly reason: string; readonly count: number }
