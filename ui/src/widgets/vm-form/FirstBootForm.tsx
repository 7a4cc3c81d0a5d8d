// SPDX-License-Identifier: Apache-2.0
// What a new VM is told at its first start: cloud-init's data, or the answers for Windows' Setup. It stands inside a Form.
import {
  Button,
  Checkbox,
  ExpandableSection,
  FormGroup,
  FormHelperText,
  HelperText,
  HelperTextItem,
  InputGroup,
  InputGroupItem,
  Radio,
  TextArea,
  TextInput,
} from '@patternfly/react-core';
import { EyeIcon, EyeSlashIcon } from '@patternfly/react-icons';
import { useState, type ReactNode } from 'react';
import { t } from '@/strings';
import { firstBootProblems, hostName, type FirstBoot } from './firstboot';

const words = t.firstBoot;

interface FieldProps {
  id: string;
  label: string;
  help?: string;
  problem?: string;
  children: ReactNode;
}

function Field({ id, label, help, problem, children }: FieldProps) {
  const text = problem ?? help;
  return (
    <FormGroup label={label} fieldId={id}>
      {children}
      {text && (
        <FormHelperText>
          <HelperText id={`${id}-help`}>
            <HelperTextItem variant={problem ? 'error' : 'default'}>{text}</HelperTextItem>
          </HelperText>
        </FormHelperText>
      )}
    </FormGroup>
  );
}

interface TextProps extends Omit<FieldProps, 'children'> {
  value: string;
  onChange: (value: string) => void;
  isDisabled?: boolean;
}

function Text({ value, onChange, isDisabled, ...field }: TextProps) {
  return (
    <Field {...field}>
      <TextInput
        id={field.id}
        value={value}
        isDisabled={isDisabled}
        validated={field.problem ? 'error' : 'default'}
        aria-describedby={`${field.id}-help`}
        autoComplete="off"
        onChange={(_event, next) => onChange(next)}
      />
    </Field>
  );
}

function Secret({ value, onChange, isDisabled, ...field }: TextProps) {
  const [shown, setShown] = useState(false);
  return (
    <Field {...field}>
      <InputGroup>
        <InputGroupItem isFill>
          <TextInput
            id={field.id}
            type={shown ? 'text' : 'password'}
            value={value}
            isDisabled={isDisabled}
            validated={field.problem ? 'error' : 'default'}
            aria-describedby={`${field.id}-help`}
            autoComplete="new-password"
            onChange={(_event, next) => onChange(next)}
          />
        </InputGroupItem>
        <InputGroupItem>
          <Button
            variant="control"
            aria-label={shown ? words.hidePassword : words.showPassword}
            icon={shown ? <EyeSlashIcon /> : <EyeIcon />}
            onClick={() => setShown(!shown)}
          />
        </InputGroupItem>
      </InputGroup>
    </Field>
  );
}

function Lines({ value, onChange, isDisabled, rows = 3, ...field }: TextProps & { rows?: number }) {
  return (
    <Field {...field}>
      <TextArea
        id={field.id}
        className="fct-mono"
        rows={rows}
        resizeOrientation="vertical"
        value={value}
        disabled={isDisabled}
        validated={field.problem ? 'error' : 'default'}
        aria-describedby={`${field.id}-help`}
        spellCheck={false}
        onChange={(_event, next) => onChange(next)}
      />
    </Field>
  );
}

interface Props {
  /** "linux" or "windows"; another system takes no first-boot data. */
  os: string;
  /** Name of the VM, which names the guest. */
  vm: string;
  value: FirstBoot;
  onChange: (value: FirstBoot) => void;
  /** For a template, which keeps no password and no product key. */
  common?: boolean;
}

function Network({ value, set }: { value: FirstBoot; set: (change: Partial<FirstBoot>) => void }) {
  const problem = value.address ? firstBootProblems(value, 'linux').address : undefined;
  return (
    <>
      <FormGroup role="radiogroup" label={words.network} fieldId="boot-network" isInline>
        <Radio id="boot-dhcp" name="boot-network" label={words.dhcp} isChecked={!value.fixed} onChange={() => set({ fixed: false })} />
        <Radio id="boot-fixed" name="boot-network" label={words.fixed} isChecked={value.fixed} onChange={() => set({ fixed: true })} />
      </FormGroup>
      {value.fixed && (
        <>
          <Text
            id="boot-address"
            label={words.address}
            help={words.addressHelp}
            problem={problem}
            value={value.address}
            onChange={(address) => set({ address })}
          />
          <Text id="boot-gateway" label={words.gateway} value={value.gateway} onChange={(gateway) => set({ gateway })} />
          <Text id="boot-dns" label={words.dns} help={words.dnsHelp} value={value.dns} onChange={(dns) => set({ dns })} />
        </>
      )}
    </>
  );
}

function Linux({ vm, value, onChange, common = false }: Omit<Props, 'os'>) {
  const set = (change: Partial<FirstBoot>) => onChange({ ...value, ...change });
  const problems = firstBootProblems(value, 'linux', common);
  const own = value.userData.trim() !== '' || value.kept === true;
  const [expert, setExpert] = useState<boolean | null>(null);
  return (
    <>
      <HelperText>
        <HelperTextItem>{words.intro}</HelperTextItem>
      </HelperText>
      <Text
        id="boot-user"
        label={words.user}
        help={words.userHelp}
        problem={problems.user}
        value={value.user}
        isDisabled={own}
        onChange={(user) => set({ user })}
      />
      {!common && (
        <Secret
          id="boot-password"
          label={words.password}
          help={words.passwordHelp}
          problem={problems.password}
          value={value.password}
          isDisabled={own}
          onChange={(password) => set({ password })}
        />
      )}
      <Lines
        id="boot-keys"
        label={words.keys}
        help={words.keysHelp}
        problem={problems.keys}
        value={value.keys}
        isDisabled={own}
        onChange={(keys) => set({ keys })}
      />
      <Checkbox
        id="boot-agent"
        label={words.agent}
        description={words.agentHelp}
        isChecked={value.agent}
        isDisabled={own}
        onChange={(_event, agent) => set({ agent })}
      />
      <Network value={value} set={set} />
      <ExpandableSection toggleText={words.more}>
        <div className="fct-stack">
          <Text
            id="boot-hostname"
            label={words.hostname}
            help={words.hostnameHelp(common ? vm : hostName(vm))}
            value={value.hostname}
            onChange={(hostname) => set({ hostname })}
          />
          <Text
            id="boot-packages"
            label={words.packages}
            help={words.packagesHelp}
            value={value.packages}
            isDisabled={own}
            onChange={(packages) => set({ packages })}
          />
        </div>
      </ExpandableSection>
      {/* What it has is in sight: it is why other fields are closed. */}
      <ExpandableSection toggleText={words.expert} isExpanded={expert ?? own} onToggle={(_event, open) => setExpert(open)}>
        <div className="fct-stack">
          {value.kept !== null && (
            <Checkbox
              id="boot-kept"
              label={words.kept}
              description={words.keptHelp}
              isChecked={value.kept}
              onChange={(_event, kept) => set({ kept })}
            />
          )}
          <Lines
            id="boot-user-data"
            label={words.expertText}
            help={words.expertHelp}
            problem={problems.user_data}
            rows={8}
            value={value.userData}
            onChange={(userData) => set({ userData })}
          />
        </div>
      </ExpandableSection>
    </>
  );
}

function Windows({ value, onChange, common = false }: Omit<Props, 'os' | 'vm'>) {
  const set = (change: Partial<FirstBoot>) => onChange({ ...value, ...change });
  const problems = firstBootProblems(value, 'windows', common);
  return (
    <>
      <HelperText>
        <HelperTextItem>{words.introWindows}</HelperTextItem>
      </HelperText>
      <Text
        id="boot-user"
        label={words.user}
        help={words.userWindowsHelp}
        problem={problems.user}
        value={value.user}
        onChange={(user) => set({ user })}
      />
      {!common && (
        <Secret
          id="boot-password"
          label={words.password}
          help={words.passwordWindowsHelp}
          problem={problems.password}
          value={value.password}
          onChange={(password) => set({ password })}
        />
      )}
      <ExpandableSection toggleText={words.windowsMore}>
        <div className="fct-stack">
          <Text
            id="boot-edition"
            label={words.edition}
            help={words.editionHelp}
            value={value.edition}
            onChange={(edition) => set({ edition })}
          />
          <Text
            id="boot-language"
            label={words.language}
            help={words.languageHelp}
            value={value.language}
            onChange={(language) => set({ language })}
          />
          <Text
            id="boot-zone"
            label={words.timeZone}
            help={words.timeZoneHelp}
            value={value.timeZone}
            onChange={(timeZone) => set({ timeZone })}
          />
          {!common && (
            <Text id="boot-key" label={words.productKey} value={value.productKey} onChange={(productKey) => set({ productKey })} />
          )}
          <Text
            id="boot-organization"
            label={words.organization}
            value={value.organization}
            onChange={(organization) => set({ organization })}
          />
        </div>
      </ExpandableSection>
      <HelperText>
        <HelperTextItem>{words.virtioNote}</HelperTextItem>
      </HelperText>
    </>
  );
}

export function FirstBootForm({ os, ...rest }: Props) {
  return os === 'windows' ? <Windows {...rest} /> : os === 'linux' ? <Linux {...rest} /> : null;
}
