// SPDX-License-Identifier: Apache-2.0
import { Button, Label, Menu, MenuContent, MenuItem, MenuList, Modal, ModalBody, ModalHeader, SearchInput } from '@patternfly/react-core';
import { SearchIcon } from '@patternfly/react-icons';
import { useEffect, useState, type KeyboardEvent } from 'react';
import { useNavigate } from 'react-router-dom';
import { search, type Found } from '@/lib/search';
import { t } from '@/strings';
import { useEverything } from './found';

function SearchBox({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState(0);
  const navigate = useNavigate();
  const found = search(useEverything(text), text);
  const go = (item: Found | undefined) => {
    if (!item) return;
    onClose();
    void navigate(item.to);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      setChosen((i) => Math.max(0, Math.min(found.length - 1, i + (event.key === 'ArrowDown' ? 1 : -1))));
    } else if (event.key === 'Enter') {
      event.preventDefault();
      go(found[chosen]);
    }
  };
  return (
    <Modal isOpen variant="small" position="top" onClose={onClose} aria-labelledby="search-title">
      <ModalHeader title={t.app.searchTitle} labelId="search-title" />
      <ModalBody tabIndex={0} aria-label={t.app.searchTitle}>
        <div className="fct-stack">
          <SearchInput
            value={text}
            placeholder={t.app.searchPlaceholder}
            aria-label={t.app.searchTitle}
            onChange={(_event, value) => {
              setText(value);
              setChosen(0);
            }}
            onClear={() => setText('')}
            onKeyDown={onKeyDown}
            ref={(input: HTMLInputElement | null) => input?.focus()}
          />
          {found.length === 0 ? (
            <p className="fct-subtle" role="status">
              {t.app.searchEmpty(text)}
            </p>
          ) : (
            <Menu isPlain isScrollable onSelect={(_event, id) => go(found.find((item) => item.key === id))}>
              <MenuContent>
                <MenuList aria-label={t.app.searchTitle}>
                  {found.map((item, i) => (
                    <MenuItem
                      key={item.key}
                      itemId={item.key}
                      isFocused={i === chosen}
                      icon={
                        <Label isCompact variant="outline">
                          {item.kind}
                        </Label>
                      }
                    >
                      {item.name}
                    </MenuItem>
                  ))}
                </MenuList>
              </MenuContent>
            </Menu>
          )}
        </div>
      </ModalBody>
    </Modal>
  );
}

export function Search() {
  const [open, setOpen] = useState(false);
  useEffect(() => {
    const onKey = (event: globalThis.KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        setOpen(true);
      }
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
  return (
    <>
      <Button
        variant="control"
        icon={<SearchIcon />}
        onClick={() => setOpen(true)}
        aria-label={`${t.app.search} ${t.app.searchHint}`}
        aria-keyshortcuts="Control+K"
      >
        <span className="fct-wide">
          {t.app.search} <span className="fct-subtle fct-small">{t.app.searchHint}</span>
        </span>
      </Button>
      {open && <SearchBox onClose={() => setOpen(false)} />}
    </>
  );
}
