// Lists of examples, written as JSON.

import { ask, PENDING } from './answers'
import { difference } from './bytes'
import { byte, quoted, text } from './text-writer'
import { textLength, textStart } from './texts'

/** The longest list there is. */
const sorted: usize = memory.data(128)

/** In the order of their bytes: that in which they came says nothing. */
export function writeList(from: usize, most: usize): void {
  let count: usize = 0
  for (; count < most && load<u32>(from + (count << 2)) != 0; count++) {
    const id = load<u32>(from + (count << 2))
    let place = count
    for (; place > 0 && comesBefore(id, load<u32>(sorted + ((place - 1) << 2))); place--)
      store<u32>(sorted + (place << 2), load<u32>(sorted + ((place - 1) << 2)))
    store<u32>(sorted + (place << 2), id)
  }
  for (let i: usize = 0; i < count; i++) {
    byte(i == 0 ? 0x5b : 0x2c)
    quoted(load<u32>(sorted + (i << 2)))
  }
  byte(0x5d)
}

/** The members of all lists, each once: what was said of two lists together is a list again. */
export function writeJoined(answers: usize, question: u32, from: usize, most: usize): void {
  let all = load<u32>(from)
  for (let i: usize = 1; i < most && load<u32>(from + (i << 2)) != 0; i++) {
    all = ask(answers, question, all, load<u32>(from + (i << 2)))
    if (all == PENDING) return
  }
  text(all)
}

function comesBefore(a: u32, b: u32): bool {
  const length: usize = min(textLength(a), textLength(b))
  const p = textStart(a)
  const q = textStart(b)
  const at = difference(p, q, 0, length)
  if (at == length) return textLength(a) < textLength(b)
  return load<u8>(p + at) < load<u8>(q + at)
}
