//! The pages of a SQLite file, read without SQLite, so that the readable content of a damaged file can be copied
//! (sqlite.org/fileformat2.html, sections 1.3 to 1.6 and 2.1).
//!
//! **Rule:** every byte may be damaged. No number is assumed to be in range, and nothing panics.

use std::fs::File;
use std::os::unix::fs::FileExt;

/// The page size of stores, and of files whose header does not state one.
const PAGE_BYTES: usize = 4096;
const HEADER_BYTES: usize = 100;
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// More than the longest record with its key and headers. A longer payload is damage.
const PAYLOAD_BYTES_MAX: usize = 1 << 20;

/// A file that is read page by page. Pages are numbered from 1.
pub(super) struct Pages {
    file: File,
    page_bytes: usize,
    pub(super) count: usize,
}

/// Which kind of b-tree a page belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tree {
    Table,
    Index,
}

/// One page of a b-tree.
pub(super) struct Node {
    /// The numbers of its child pages.
    pub(super) children: Vec<usize>,
    pub(super) cells: Vec<Cell>,
    /// Whether every cell could be read completely.
    pub(super) is_whole: bool,
}

/// A row or an index entry. Its payload is truncated if an overflow page is lost.
pub(super) struct Cell {
    /// The row id, in a table.
    pub(super) rowid: i64,
    pub(super) payload: Vec<u8>,
}

/// One column of a row.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Null,
    Integer(i64),
    Blob(&'a [u8]),
    Text(&'a [u8]),
    /// A float, or a value that a truncated payload no longer contains.
    Other,
}

impl Pages {
    pub(super) fn open(file: File) -> std::io::Result<Self> {
        let mut header = [0; HEADER_BYTES];
        let page_bytes = match file.read_exact_at(&mut header, 0) {
            Ok(()) => stated_page_bytes(&header).unwrap_or(PAGE_BYTES),
            Err(_unreadable) => PAGE_BYTES,
        };
        let length = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
        Ok(Self { file, page_bytes, count: length / page_bytes })
    }

    fn read(&self, number: usize) -> Option<Vec<u8>> {
        let at = number.checked_sub(1).filter(|_| number <= self.count)?.checked_mul(self.page_bytes)?;
        let mut page = vec![0; self.page_bytes];
        self.file.read_exact_at(&mut page, u64::try_from(at).ok()?).ok()?;
        Some(page)
    }

    /// Reads a page of such a tree; `None` if it is not one.
    pub(super) fn node(&self, number: usize, tree: Tree) -> Option<Node> {
        let page = self.read(number)?;
        let header = page.get(if number == 1 { HEADER_BYTES } else { 0 }..)?;
        let is_leaf = match (header.first()?, tree) {
            (0x0d, Tree::Table) | (0x0a, Tree::Index) => true,
            (0x05, Tree::Table) | (0x02, Tree::Index) => false,
            _ => return None,
        };
        let (count, mut pointers) = (u16_at(header, 3)?, header.get(if is_leaf { 8 } else { 12 }..)?);
        let mut node = Node { children: Vec::new(), cells: Vec::new(), is_whole: true };
        for _ in 0..count {
            let Some((pointer, rest)) = pointers.split_first_chunk::<2>() else {
                node.is_whole = false;
                break;
            };
            pointers = rest;
            let cell = page.get(usize::from(u16::from_be_bytes(*pointer))..).unwrap_or_default();
            node.is_whole &= self.take_cell(cell, tree, is_leaf, &mut node.children, &mut node.cells).is_some();
        }
        if !is_leaf {
            node.children.push(page_number(header, 8)?);
        }
        Some(node)
    }

    /// Adds the content of a cell; `None` if part of it is lost.
    fn take_cell(
        &self,
        cell: &[u8],
        tree: Tree,
        is_leaf: bool,
        children: &mut Vec<usize>,
        cells: &mut Vec<Cell>,
    ) -> Option<()> {
        let mut rest = cell;
        if !is_leaf {
            children.push(page_number(rest, 0)?);
            rest = rest.get(4..)?;
        }
        if tree == Tree::Table && !is_leaf {
            return Some(());
        }
        let length = usize::try_from(varint(&mut rest)?).ok().filter(|length| *length <= PAYLOAD_BYTES_MAX)?;
        let rowid = if tree == Tree::Table { varint(&mut rest)? } else { 0 };
        let local = self.local_bytes(length, tree);
        let mut payload = rest.get(..local)?.to_vec();
        if local < length {
            self.append_overflow(page_number(rest, local)?, length, &mut payload);
        }
        let is_whole = payload.len() == length;
        cells.push(Cell { rowid, payload });
        is_whole.then_some(())
    }

    /// How much of a payload is stored in the cell itself.
    fn local_bytes(&self, length: usize, tree: Tree) -> usize {
        let usable = self.page_bytes;
        let most = if tree == Tree::Table { usable - 35 } else { (usable - 12) * 64 / 255 - 23 };
        if length <= most {
            return length;
        }
        let least = (usable - 12) * 32 / 255 - 23;
        let fitting = least + (length - least) % (usable - 4);
        if fitting <= most { fitting } else { least }
    }

    fn append_overflow(&self, mut number: usize, length: usize, payload: &mut Vec<u8>) {
        while payload.len() < length {
            // This also ends if pages form a cycle, because each adds bytes.
            let Some(page) = self.read(number) else { return };
            let Some((next, content)) = page.split_first_chunk::<4>() else { return };
            payload.extend(content.iter().take(length - payload.len()));
            number = usize::try_from(u32::from_be_bytes(*next)).unwrap_or(0);
        }
    }
}

impl Cell {
    /// The columns that the payload's header lists.
    pub(super) fn columns(&self) -> Option<Vec<Value<'_>>> {
        let mut header = self.payload.as_slice();
        let header_bytes = usize::try_from(varint(&mut header)?).ok()?;
        let lead = self.payload.len() - header.len();
        let mut types = self.payload.get(lead..header_bytes)?;
        let mut body = self.payload.get(header_bytes..)?;
        let mut columns = Vec::new();
        while !types.is_empty() {
            columns.push(column(varint(&mut types)?, &mut body));
        }
        Some(columns)
    }
}

fn column<'a>(serial_type: i64, body: &mut &'a [u8]) -> Value<'a> {
    let bytes = match serial_type {
        0 | 8 | 9 => 0,
        1..=4 => serial_type,
        5 => 6,
        6 | 7 => 8,
        12.. => (serial_type - 12) / 2,
        _ => return Value::Other,
    };
    let Some((content, rest)) = usize::try_from(bytes).ok().and_then(|bytes| body.split_at_checked(bytes)) else {
        *body = &[];
        return Value::Other;
    };
    *body = rest;
    match serial_type {
        0 => Value::Null,
        1..=6 => Value::Integer(integer(content)),
        8 | 9 => Value::Integer(serial_type - 8),
        12.. if serial_type % 2 == 0 => Value::Blob(content),
        12.. => Value::Text(content),
        _ => Value::Other,
    }
}

/// Big-endian, two's complement, at most eight bytes.
fn integer(bytes: &[u8]) -> i64 {
    let sign = if bytes.first().is_some_and(|first| first & 0x80 != 0) { -1 } else { 0 };
    bytes.iter().fold(sign, |value, byte| (value << 8) | i64::from(*byte))
}

/// One to nine bytes of seven bits each, except that the ninth has eight.
fn varint(rest: &mut &[u8]) -> Option<i64> {
    let mut value: u64 = 0;
    for at in 0..9 {
        let (byte, left) = rest.split_first()?;
        *rest = left;
        if at == 8 {
            return Some(((value << 8) | u64::from(*byte)).cast_signed());
        }
        value = (value << 7) | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            break;
        }
    }
    Some(value.cast_signed())
}

fn u16_at(bytes: &[u8], at: usize) -> Option<usize> {
    bytes.get(at..)?.first_chunk().map(|bytes| usize::from(u16::from_be_bytes(*bytes)))
}

fn page_number(bytes: &[u8], at: usize) -> Option<usize> {
    bytes.get(at..)?.first_chunk().and_then(|bytes| usize::try_from(u32::from_be_bytes(*bytes)).ok())
}

fn stated_page_bytes(header: &[u8; HEADER_BYTES]) -> Option<usize> {
    let stated = u16_at(header, 16).filter(|_| header.starts_with(MAGIC))?;
    (stated.is_power_of_two() && stated >= 512).then_some(stated)
}
