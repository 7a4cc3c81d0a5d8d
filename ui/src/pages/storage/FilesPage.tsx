// SPDX-License-Identifier: Apache-2.0
// The library: images and ISOs, what is still being sent, and how much room there is.
import { Alert, ExpandableSection, Label, PageSection } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr, type IAction } from '@patternfly/react-table';
import { useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { deleteFile } from '@/api/actions';
import { useMay } from '@/api/may';
import { useFiles } from '@/api/queries';
import type { LibraryFile } from '@/contract/types';
import { bytes, UNKNOWN } from '@/lib/format';
import { t } from '@/strings';
import { ActionButton } from '@/widgets/ActionButton';
import { Confirm } from '@/widgets/Confirm';
import { ErrorAlert, Loaded, Nothing } from '@/widgets/feedback';
import { TextField } from '@/widgets/fields';
import { PageHead } from '@/widgets/PageHead';
import { RowMenu } from '@/widgets/RowMenu';
import { SendingView } from '@/widgets/Uploads';
import { useUpload } from './useUpload';

interface RowProps {
  file: LibraryFile;
  why: string;
  busy: boolean;
  onGoOn: () => void;
  onDelete: () => void;
}

function FileRow({ file, why, busy, onGoOn, onDelete }: RowProps) {
  const ready = file.state === 'ready';
  const mayContent = useMay('file.content');
  const actions: IAction[] = [
    ...(ready
      ? [
          {
            title: t.files.download,
            isAriaDisabled: !mayContent.allowed,
            tooltipProps: mayContent.allowed ? undefined : { content: mayContent.why },
            onClick: () => location.assign(`/api/v1/files/${encodeURIComponent(file.id)}/content`),
          },
        ]
      : []),
    {
      title: t.app.delete,
      isDanger: true,
      isAriaDisabled: why !== '',
      tooltipProps: why ? { content: why } : undefined,
      onClick: onDelete,
    },
  ];
  return (
    <Tr>
      <Td dataLabel={t.files.name}>
        {file.name}
        {ready && file.sha256 && (
          <div className="fct-subtle fct-small fct-mono" title={file.sha256}>
            {t.files.sum(file.sha256.slice(0, 16))}
          </div>
        )}
      </Td>
      <Td dataLabel={t.files.kind}>{file.format ? t.files.kinds[file.format] : UNKNOWN}</Td>
      <Td dataLabel={t.files.size} className="fct-number">
        {bytes(file.size_bytes)}
      </Td>
      <Td dataLabel={t.files.state}>
        {ready ? (
          t.files.ready
        ) : (
          <span className="fct-row fct-row--tight">
            <Label isCompact status="warning">
              {t.files.notComplete(bytes(file.received_bytes), bytes(file.size_bytes))}
            </Label>
            <ActionButton variant="link" isInline why={why || (busy ? t.files.one : '')} onClick={onGoOn}>
              {t.files.goOn}
            </ActionButton>
          </span>
        )}
      </Td>
      <Td isActionCell>
        <RowMenu label={t.app.actions(file.name)} items={actions} />
      </Td>
    </Tr>
  );
}

export default function FilesPage() {
  const client = useQueryClient();
  const files = useFiles();
  const may = useMay('file.write');
  const upload = useUpload();
  const chooser = useRef<HTMLInputElement>(null);
  const [begun, setBegun] = useState<LibraryFile | null>(null);
  const [sha256, setSha256] = useState('');
  const [going, setGoing] = useState<LibraryFile | null>(null);
  const choose = (file: LibraryFile | null) => {
    setBegun(file);
    chooser.current?.click();
  };
  const gone = () => {
    setGoing(null);
    void Promise.all(['file', 'image'].map((noun) => client.invalidateQueries({ queryKey: [noun] })));
  };
  const { busy } = upload;
  const room = files.data;
  const low = room !== undefined && room.free_bytes < room.capacity_bytes / 10;
  return (
    <>
      <PageHead
        title={t.files.title}
        subtitle={room && t.files.about(bytes(room.free_bytes), bytes(room.capacity_bytes), room.folder)}
        actions={
          <ActionButton why={may.why || (busy ? t.files.one : '')} onClick={() => choose(null)}>
            {t.files.upload}
          </ActionButton>
        }
      />
      <PageSection>
        <div className="fct-stack">
          <input
            ref={chooser}
            type="file"
            hidden
            aria-label={t.files.uploadLabel}
            onChange={({ target }) => {
              const file = target.files?.[0];
              if (file) upload.begin(file, begun, sha256.trim());
              setSha256('');
              target.value = '';
            }}
          />
          {may.why === '' && (
            <ExpandableSection toggleText={t.files.check}>
              <TextField id="file-sha256" label={t.files.sha256} hint={t.files.sha256Hint} value={sha256} onChange={setSha256} />
            </ExpandableSection>
          )}
          {low && (
            <Alert variant="warning" isInline title={t.files.low(bytes(room.free_bytes))}>
              {t.files.lowText}
            </Alert>
          )}
          {upload.error !== null && <ErrorAlert error={upload.error} />}
          {upload.sending && <SendingView sending={upload.sending} />}
          <Loaded query={files}>
            {({ items }) =>
              items.length === 0 ? (
                <Nothing title={t.files.none} text={t.files.noneText} />
              ) : (
                <Table aria-label={t.files.title} variant="compact">
                  <Thead>
                    <Tr>
                      <Th width={40}>{t.files.name}</Th>
                      <Th>{t.files.kind}</Th>
                      <Th>{t.files.size}</Th>
                      <Th>{t.files.state}</Th>
                      <Th screenReaderText={t.app.allActions} />
                    </Tr>
                  </Thead>
                  <Tbody>
                    {items
                      .filter((file) => file.id !== upload.sending?.id)
                      .map((file) => (
                        <FileRow
                          key={file.id}
                          file={file}
                          why={may.why}
                          busy={busy}
                          onGoOn={() => choose(file)}
                          onDelete={() => setGoing(file)}
                        />
                      ))}
                  </Tbody>
                </Table>
              )
            }
          </Loaded>
        </div>
      </PageSection>
      {going && (
        <Confirm
          title={t.files.deleteTitle(going.name)}
          text={going.state === 'ready' ? t.files.deleteText : t.files.deleteUpload}
          button={t.app.delete}
          action={() => deleteFile(going.id)}
          onDone={gone}
          onClose={() => setGoing(null)}
        />
      )}
    </>
  );
}
