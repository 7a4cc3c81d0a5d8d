// SPDX-License-Identifier: Apache-2.0
// Fields of forms: a label, a hint, and what is wrong with the value right under it, whether the page or the API says so.
import {
  Alert,
  FormGroup,
  FormHelperText,
  FormSelect,
  FormSelectOption,
  HelperText,
  HelperTextItem,
  NumberInput,
  TextInput,
} from '@patternfly/react-core';
import type { ReactNode } from 'react';
import { ApiError } from '@/api/client';
import type { Field as Name, FieldPath } from '@/contract/fields';
import { ErrorAlert } from './feedback';

/** The field that a refusal names; "" when it names none. */
const fieldOf = (error: unknown) => (error instanceof ApiError ? (error.details.field ?? '') : '');

const within = (named: string, field: string) => named === field || (named.startsWith(field) && /^[.[]/.test(named.slice(field.length)));

/** What the API says against @field (or a part of it, as "nics[0].mac"); "" when it says nothing. */
export function problemAt(error: unknown, field: FieldPath): string {
  const named = fieldOf(error);
  if (!(error instanceof ApiError) || !named || !within(named, field)) return '';
  return [error.message, ...(error.details.reasons ?? [])].join(' ');
}

/** A refusal in full, unless one of @shown, the fields of this form, says it. */
export function FormError({ error, shown, title }: { error: unknown; shown: readonly Name[]; title?: string }) {
  if (!error) return null;
  const named = fieldOf(error);
  if (named && shown.some((field) => within(named, field)))
    return title ? (
      <Alert variant="danger" isInline title={title} component="p">
        {error instanceof Error ? error.message : ''}
      </Alert>
    ) : null;
  return <ErrorAlert error={error} title={title} />;
}

interface FieldProps {
  id: string;
  label: string;
  hint?: ReactNode;
  problem?: string;
  isRequired?: boolean;
}

export function Field({ id, label, hint, problem, isRequired, children }: FieldProps & { children: ReactNode }) {
  const text = problem || hint;
  return (
    <FormGroup label={label} fieldId={id} isRequired={isRequired}>
      {children}
      {text && (
        <FormHelperText>
          <HelperText id={`${id}-help`} isLiveRegion={problem !== undefined}>
            <HelperTextItem variant={problem ? 'error' : 'default'}>{text}</HelperTextItem>
          </HelperText>
        </FormHelperText>
      )}
    </FormGroup>
  );
}

export function TextField({
  value,
  onChange,
  maxLength,
  placeholder,
  isDisabled,
  ...field
}: FieldProps & { value: string; onChange: (value: string) => void; maxLength?: number; placeholder?: string; isDisabled?: boolean }) {
  return (
    <Field {...field}>
      <TextInput
        id={field.id}
        value={value}
        maxLength={maxLength}
        placeholder={placeholder}
        isDisabled={isDisabled}
        isRequired={field.isRequired}
        validated={field.problem ? 'error' : 'default'}
        aria-describedby={`${field.id}-help`}
        onChange={(_event, next) => onChange(next)}
      />
    </Field>
  );
}

interface NumberProps extends FieldProps {
  value: number;
  onChange: (value: number) => void;
  min: number;
  max?: number;
  step?: number;
  unit?: string;
}

/** What the contract lets a number be, for a NumberField. */
export const range = ({ minimum, maximum }: { minimum: number; maximum: number }) => ({ min: minimum, max: maximum });

export function NumberField({ value, onChange, min, max, step = 1, unit, ...field }: NumberProps) {
  const set = (next: number) => onChange(Math.min(max ?? Infinity, Math.max(min, Number.isFinite(next) ? next : min)));
  return (
    <Field {...field}>
      <NumberInput
        className="fct-nowrap"
        value={value}
        min={min}
        max={max}
        widthChars={6}
        unit={unit}
        validated={field.problem ? 'error' : 'default'}
        inputProps={{ id: field.id, 'aria-describedby': `${field.id}-help` }}
        inputAriaLabel={field.label}
        minusBtnAriaLabel={`− ${field.label}`}
        plusBtnAriaLabel={`+ ${field.label}`}
        onMinus={() => set(value - step)}
        onPlus={() => set(value + step)}
        onChange={(event) => set(Number(event.currentTarget.value))}
      />
    </Field>
  );
}

export interface Option {
  value: string;
  name: string;
  /** Why it cannot be chosen; it stays in the list. */
  why?: string;
}

export function SelectField({
  value,
  onChange,
  options,
  isDisabled,
  ...field
}: FieldProps & { value: string; onChange: (value: string) => void; options: readonly Option[]; isDisabled?: boolean }) {
  return (
    <Field {...field}>
      <FormSelect
        id={field.id}
        value={value}
        isDisabled={isDisabled}
        validated={field.problem ? 'error' : 'default'}
        aria-describedby={`${field.id}-help`}
        onChange={(_event, next) => onChange(next)}
      >
        {options.map((one) => (
          <FormSelectOption
            key={one.value}
            value={one.value}
            label={one.why ? `${one.name} (${one.why})` : one.name}
            isDisabled={one.why !== undefined && one.why !== ''}
          />
        ))}
      </FormSelect>
    </Field>
  );
}
