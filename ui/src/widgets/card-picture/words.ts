// SPDX-License-Identifier: Apache-2.0
// The picture in words: what a screen reader says, and what a pointer shows.
import { t } from '@/strings';
import type { Block, Picture, Segment, Span } from './geometry';

/** "slot 4" or "slots 4 to 7". */
export const slots = ({ start, size }: Span) => (size === 1 ? t.picture.slot(start) : t.picture.slots(start, start + size - 1));

export function segmentText(segment: Segment): string {
  const place = slots(segment);
  switch (segment.kind) {
    case 'free':
      return t.picture.freeAt(place);
    case 'stranded':
      return t.picture.strandedAt(place, segment.why);
    case 'block': {
      const fate = segment.fate === 'steady' ? '' : `, ${t.picture.fate[segment.fate]}`;
      const who = segment.holder ? t.picture.heldBy(segment.holder) : t.picture.notInUse;
      const compute = segment.notWhole ? ` (${segment.notWhole})` : '';
      return `${segment.profile}${compute}, ${place}, ${who}${fate}`;
    }
  }
}

/** What the eye sees from where a block lies: its place, and what a plan does to it. */
export const blockRest = (block: Block) => ` ${slots(block)}${block.fate === 'steady' ? '' : `, ${t.picture.fate[block.fate]}`}`;

export function pictureText(title: string, picture: Picture): string {
  return `${title}: ${t.picture.units(picture.units)}. ${picture.segments.map(segmentText).join('; ')}.`;
}
