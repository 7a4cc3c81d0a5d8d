// SPDX-License-Identifier: Apache-2.0
import { Form, FormGroup, FormHelperText, HelperText, HelperTextItem, NumberInput, Radio, TextInput } from '@patternfly/react-core';
import type { Image } from '@/api/types';
import { bytes, mib } from '@/lib/format';
import { t } from '@/strings';
import { SIZES, type Size } from './draft';

const words = t.wizard;

interface ImageProps {
  images: Image[];
  image: string;
  onImage: (id: string) => void;
  name: string;
  onName: (name: string) => void;
  taken: boolean;
  valid: boolean;
}

export function ImageStep({ images, image, onImage, name, onName, taken, valid }: ImageProps) {
  return (
    <Form onSubmit={(event) => event.preventDefault()}>
      <FormGroup label={words.name} fieldId="vm-name" isRequired>
        <TextInput id="vm-name" value={name} isRequired validated={valid ? 'default' : 'error'} onChange={(_event, value) => onName(value)} />
        <FormHelperText><HelperText><HelperTextItem variant={valid ? 'default' : 'error'}>{taken ? words.nameTaken : words.nameHelp}</HelperTextItem></HelperText></FormHelperText>
      </FormGroup>
      <FormGroup role="radiogroup" label={words.steps.image} fieldId="vm-image" isStack>
        {images.map((one) => (
          <Radio key={one.id} id={`image-${one.id}`} name="vm-image" label={one.name} isChecked={image === one.id} onChange={() => onImage(one.id)} description={[bytes(one.size_bytes), one.note].filter(Boolean).join(' · ')} />
        ))}
      </FormGroup>
    </Form>
  );
}

interface CountProps {
  id: string;
  label: string;
  value: number;
  min: number;
  onChange: (value: number) => void;
}

function Count({ id, label, value, min, onChange }: CountProps) {
  const set = (next: number) => onChange(Math.max(min, Number.isFinite(next) ? next : min));
  return (
    <FormGroup label={label} fieldId={id}>
      <NumberInput
        value={value}
        min={min}
        widthChars={5}
        inputProps={{ id }}
        inputAriaLabel={label}
        minusBtnAriaLabel={`− ${label}`}
        plusBtnAriaLabel={`+ ${label}`}
        onMinus={() => set(value - 1)}
        onPlus={() => set(value + 1)}
        onChange={(event) => set(Number(event.currentTarget.value))}
      />
    </FormGroup>
  );
}

export function SizeStep({ size, onSize, needMib }: { size: Size; onSize: (size: Size) => void; needMib: number }) {
  const same = (a: Size) => a.vcpus === size.vcpus && a.memory_mib === size.memory_mib && a.disk_gib === size.disk_gib;
  return (
    <Form onSubmit={(event) => event.preventDefault()}>
      <FormGroup role="radiogroup" label={words.sizeLabel} fieldId="vm-size" isInline>
        {(['small', 'medium', 'large'] as const).map((key) => (
          <Radio
            key={key}
            id={`size-${key}`}
            name="vm-size"
            label={words.sizes[key]}
            isChecked={same(SIZES[key])}
            onChange={() => onSize(SIZES[key])}
            description={`${SIZES[key].vcpus} ${words.vcpus} · ${mib(SIZES[key].memory_mib)} · ${SIZES[key].disk_gib} GiB`}
          />
        ))}
      </FormGroup>
      <Count id="vm-vcpus" label={words.vcpus} value={size.vcpus} min={1} onChange={(vcpus) => onSize({ ...size, vcpus })} />
      <Count id="vm-memory" label={words.memory} value={size.memory_mib / 1024} min={0.5} onChange={(gib) => onSize({ ...size, memory_mib: Math.round(gib * 1024) })} />
      <Count id="vm-disk" label={words.disk} value={size.disk_gib} min={1} onChange={(disk_gib) => onSize({ ...size, disk_gib })} />
      {size.memory_mib < needMib && <HelperText><HelperTextItem variant="error">{words.memoryTooSmall(mib(needMib))}</HelperTextItem></HelperText>}
    </Form>
  );
}
