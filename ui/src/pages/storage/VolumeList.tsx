// SPDX-License-Identifier: Apache-2.0
// Volumes with who uses them and what can be done: the page of all of them, and that of one pool.
import { Label, SearchInput, Toolbar, ToolbarContent, ToolbarItem } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr, type IAction } from '@patternfly/react-table';
import { useQueryClient } from '@tanstack/react-query';
import { useRef, useState, type ReactNode } from 'react';
import { Link, useSearchParams } from 'react-router-dom';
import { deleteVolume } from '@/api/actions';
import { useMay } from '@/api/may';
import { useVolumes } from '@/api/queries';
import type { Volume } from '@/contract/types';
import { bytes, UNKNOWN } from '@/lib/format';
import { t } from '@/strings';
import { ActionButton } from '@/widgets/ActionButton';
import { Confirm } from '@/widgets/Confirm';
import { ErrorAlert, Loaded, Nothing } from '@/widgets/feedback';
import { poolPath, VmLink } from '@/widgets/links';
import { RowMenu } from '@/widgets/RowMenu';
import { SendingView } from '@/widgets/Uploads';
import { useVolumeUpload } from './useVolumeUpload';
import { CopyVolume, CreateVolume, GrowVolume, UploadVolume } from './VolumeForms';

type Asked = { what: 'create' } | { what: 'upload' } | { what: 'grow' | 'copy' | 'delete'; volume: Volume };

const plain = (id: string) => id.slice(id.indexOf(':') + 1);
const usersOf = (volume: Volume) => volume.used_by.map(({ name, how }) => `${how === 'backing' ? plain(name) : name}${t.volumes.how[how]}`);

function Users({ volume }: { volume: Volume }) {
  if (volume.used_by.length === 0) return <span className="fct-subtle">{t.volumes.nobody}</span>;
  return (
    <>
      {volume.used_by.map(({ vm, name, how }) => (
        <div key={`${vm} ${name} ${how}`}>
          {vm && how !== 'snapshot' ? <VmLink id={vm} name={name} /> : how === 'backing' ? plain(name) : name}
          <span className="fct-subtle">{t.volumes.how[how]}</span>
        </div>
      ))}
    </>
  );
}

function menu(volume: Volume, why: string, mayNot: string, ask: (asked: Asked) => void): IAction[] {
  const unready = volume.outside ?? (volume.state === 'ready' ? '' : t.volumes.notReady);
  const used = usersOf(volume);
  const inUse = used.length ? t.volumes.inUse(used) : '';
  const item = (title: string, reason: string, onClick: () => void, isDanger = false): IAction => ({
    title,
    isDanger,
    isAriaDisabled: reason !== '',
    tooltipProps: reason ? { content: reason } : undefined,
    onClick,
  });
  return [
    item(t.volumes.download, mayNot || unready, () => location.assign(`/api/v1/volumes/${encodeURIComponent(volume.id)}/content`)),
    item(t.volumes.grow, why || unready, () => ask({ what: 'grow', volume })),
    item(t.volumes.clone, why || unready, () => ask({ what: 'copy', volume })),
    item(
      t.volumes.remove,
      why || inUse || (volume.state === 'busy' ? t.volumes.notReady : ''),
      () => ask({ what: 'delete', volume }),
      true,
    ),
  ];
}

interface RowProps {
  volume: Volume;
  withPool: boolean;
  why: string;
  busy: boolean;
  onGoOn: () => void;
  onAsk: (asked: Asked) => void;
}

function VolumeRow({ volume, withPool, why, busy, onGoOn, onAsk }: RowProps) {
  const mayContent = useMay('volume.content');
  const { upload } = volume;
  return (
    <Tr>
      <Td dataLabel={t.volumes.name}>
        {volume.name}
        {volume.outside && (
          <div className="fct-row fct-row--tight">
            <Label isCompact status="danger">
              {t.pools.outside}
            </Label>
            <span className="fct-subtle">{volume.outside}</span>
          </div>
        )}
        {volume.state === 'busy' && (
          <div>
            <Label isCompact>{t.volumes.busy}</Label>
          </div>
        )}
        {volume.state === 'incomplete' && (
          <div>
            <Label isCompact status="warning">
              {t.volumes.incomplete}
            </Label>
          </div>
        )}
        {upload && (
          <div className="fct-row fct-row--tight">
            <Label isCompact status="warning">
              {t.volumes.notComplete(bytes(upload.received_bytes), bytes(upload.size_bytes))}
            </Label>
            <ActionButton variant="link" isInline why={why || (busy ? t.volumes.one : '')} onClick={onGoOn}>
              {t.volumes.goOn}
            </ActionButton>
          </div>
        )}
      </Td>
      {withPool && (
        <Td dataLabel={t.volumes.pool}>
          <Link to={poolPath(volume.pool)}>{volume.pool}</Link>
        </Td>
      )}
      <Td dataLabel={t.volumes.format}>{volume.format || UNKNOWN}</Td>
      <Td dataLabel={t.volumes.size} className="fct-number">
        {bytes(volume.capacity_bytes)}
      </Td>
      <Td dataLabel={t.volumes.takes} className="fct-number">
        {bytes(volume.allocated_bytes)}
      </Td>
      <Td dataLabel={t.volumes.usedBy}>
        <Users volume={volume} />
      </Td>
      <Td isActionCell>
        <RowMenu label={t.volumes.actions(volume.name)} items={menu(volume, why, mayContent.why, onAsk)} />
      </Td>
    </Tr>
  );
}

function Dialogs({
  asked,
  pool,
  upload,
  onClose,
}: {
  asked: Asked | null;
  pool?: string;
  upload: ReturnType<typeof useVolumeUpload>;
  onClose: () => void;
}) {
  const client = useQueryClient();
  if (!asked) return null;
  if (asked.what === 'create') return <CreateVolume pool={pool} onClose={onClose} />;
  if (asked.what === 'upload') return <UploadVolume pool={pool} onBegin={upload.begin} onClose={onClose} />;
  if (asked.what === 'grow') return <GrowVolume volume={asked.volume} onClose={onClose} />;
  if (asked.what === 'copy') return <CopyVolume volume={asked.volume} onClose={onClose} />;
  return (
    <Confirm
      title={t.volumes.removeTitle(asked.volume.name)}
      text={asked.volume.upload ? t.volumes.removeUpload : t.volumes.removeText}
      button={t.volumes.remove}
      action={() => deleteVolume(asked.volume.id)}
      onClose={onClose}
      onDone={() => {
        onClose();
        void Promise.all(['volume', 'pool'].map((noun) => client.invalidateQueries({ queryKey: [noun] })));
      }}
    />
  );
}

const matches = (volume: Volume, text: string) =>
  [volume.name, volume.pool, ...volume.used_by.map(({ name }) => name)].some((word) =>
    word.toLowerCase().includes(text.trim().toLowerCase()),
  );

interface Props {
  /** Left out: of all pools. */
  pool?: string;
  /** Puts what can be done and the list where they belong. */
  children: (actions: ReactNode, list: ReactNode) => ReactNode;
}

export function VolumeList({ pool, children }: Props) {
  const volumes = useVolumes();
  const may = useMay('volume.write');
  const upload = useVolumeUpload();
  const chooser = useRef<HTMLInputElement>(null);
  const [asked, setAsked] = useState<Asked | null>(null);
  const [begun, setBegun] = useState<Volume | null>(null);
  const [params, setParams] = useSearchParams();
  const filter = params.get('q') ?? '';
  const setFilter = (text: string) => setParams(text ? { q: text } : {}, { replace: true });
  const { sending, busy } = upload;
  const goOn = (volume: Volume) => {
    setBegun(volume);
    chooser.current?.click();
  };
  const columns = [t.volumes.name, ...(pool ? [] : [t.volumes.pool]), t.volumes.format, t.volumes.size, t.volumes.takes, t.volumes.usedBy];
  const filterText = pool ? t.volumes.filterInPool : t.volumes.filter;
  const actions = (
    <>
      <ActionButton variant="secondary" why={may.why || (busy ? t.volumes.one : '')} onClick={() => setAsked({ what: 'upload' })}>
        {t.volumes.upload}
      </ActionButton>
      <ActionButton why={may.why} onClick={() => setAsked({ what: 'create' })}>
        {t.volumes.create}
      </ActionButton>
    </>
  );
  return children(
    actions,
    <div className="fct-stack">
      <input
        ref={chooser}
        type="file"
        hidden
        aria-label={t.volumes.goOn}
        onChange={({ target }) => {
          const file = target.files?.[0];
          if (file && begun) upload.begin(file, { begun });
          target.value = '';
        }}
      />
      {upload.error !== null && <ErrorAlert error={upload.error} />}
      {sending && <SendingView sending={sending} />}
      <Loaded query={volumes}>
        {(list) => {
          const own = list.filter((volume) => !pool || volume.pool === pool);
          const shown = own.filter((volume) => volume.id !== sending?.id && matches(volume, filter));
          if (own.length === 0) return sending ? null : <Nothing title={t.volumes.none} text={t.volumes.noneText} />;
          return (
            <>
              <Toolbar hasNoPadding>
                <ToolbarContent>
                  <ToolbarItem className="fct-filter">
                    <SearchInput
                      aria-label={filterText}
                      placeholder={filterText}
                      value={filter}
                      onChange={(_event, text) => setFilter(text)}
                      onClear={() => setFilter('')}
                    />
                  </ToolbarItem>
                </ToolbarContent>
              </Toolbar>
              {shown.length === 0 ? (
                <Nothing title={t.volumes.nothing} />
              ) : (
                <Table aria-label={t.volumes.title} variant="compact">
                  <Thead>
                    <Tr>
                      {columns.map((name, i) => (
                        <Th key={name} width={i === 0 ? 30 : undefined}>
                          {name}
                        </Th>
                      ))}
                      <Th screenReaderText={t.app.allActions} />
                    </Tr>
                  </Thead>
                  <Tbody>
                    {shown.map((volume) => (
                      <VolumeRow
                        key={volume.id}
                        volume={volume}
                        withPool={!pool}
                        why={may.why}
                        busy={busy}
                        onGoOn={() => goOn(volume)}
                        onAsk={setAsked}
                      />
                    ))}
                  </Tbody>
                </Table>
              )}
            </>
          );
        }}
      </Loaded>
      <Dialogs asked={asked} pool={pool} upload={upload} onClose={() => setAsked(null)} />
    </div>,
  );
}
