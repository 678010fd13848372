//! Searching every readable byte of another process.

use std::collections::HashMap;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;

use crate::fragments::{FRAGMENT_BYTES, KeyFragments};

const CHUNK: usize = 1 << 20;

/// What was found in process `id`, one line each: which fragment, in which mapping.
pub(crate) fn search(id: u32, fragments: &KeyFragments) -> Vec<String> {
    let mut by_start: HashMap<[u8; 4], Vec<usize>> = HashMap::new();
    let mut is_start = vec![false; 1 << 16];
    for (number, (fragment, _)) in fragments.fragments.iter().enumerate() {
        by_start.entry(fragment[..4].try_into().unwrap()).or_default().push(number);
        is_start[usize::from(u16::from_le_bytes([fragment[0], fragment[1]]))] = true;
    }
    let memory = File::open(format!("/proc/{id}/mem")).expect("the memory of a child may be read");
    let maps = fs::read_to_string(format!("/proc/{id}/maps")).unwrap();
    let mut found = Vec::new();
    let mut searched = 0;
    for line in maps.lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let name = fields.get(5).copied().unwrap_or("anonymous");
        if !fields[1].starts_with('r') || name.starts_with("[v") {
            continue;
        }
        let (from, to) = fields[0].split_once('-').unwrap();
        let (mut at, to) = (u64::from_str_radix(from, 16).unwrap(), u64::from_str_radix(to, 16).unwrap());
        let mut chunk = vec![0; CHUNK];
        while at < to {
            let len = CHUNK.min(usize::try_from(to - at).unwrap());
            // The mapping may have gone in the meantime, or its file may be shorter than the mapping.
            let Ok(read) = memory.read_at(&mut chunk[..len], at) else { break };
            searched += read;
            for (place, window) in chunk[..read].windows(FRAGMENT_BYTES).enumerate() {
                if !is_start[usize::from(u16::from_le_bytes([window[0], window[1]]))] {
                    continue;
                }
                let Some(candidates) = by_start.get(&window[..4]) else { continue };
                for number in candidates {
                    let (fragment, fragment_name) = &fragments.fragments[*number];
                    if fragment == window {
                        found.push(format!("{fragment_name}: {:x} in {name}", at + place as u64));
                    }
                }
            }
            if read < FRAGMENT_BYTES {
                break;
            }
            // A fragment may lie across two chunks.
            at += (read - FRAGMENT_BYTES + 1) as u64;
            if at + FRAGMENT_BYTES as u64 > to {
                break;
            }
        }
    }
    assert!(searched > 1 << 20, "only {searched} bytes of the process could be read");
    found
}
