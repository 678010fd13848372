//! Searching every readable byte of another process.

use std::collections::HashMap;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;

use crate::needles::{NEEDLE, Needles};

const CHUNK: usize = 1 << 20;

/// What was found in process `id`, one line each: which needle, in which mapping.
pub(crate) fn search(id: u32, needles: &Needles) -> Vec<String> {
    let mut by_start: HashMap<[u8; 4], Vec<usize>> = HashMap::new();
    let mut is_start = vec![false; 1 << 16];
    for (number, (needle, _)) in needles.needles.iter().enumerate() {
        by_start.entry(needle[..4].try_into().unwrap()).or_default().push(number);
        is_start[usize::from(u16::from_le_bytes([needle[0], needle[1]]))] = true;
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
            // A mapping may have gone in the meantime, or be a file shorter than it is mapped.
            let Ok(read) = memory.read_at(&mut chunk[..len], at) else { break };
            searched += read;
            for (place, window) in chunk[..read].windows(NEEDLE).enumerate() {
                if !is_start[usize::from(u16::from_le_bytes([window[0], window[1]]))] {
                    continue;
                }
                let Some(candidates) = by_start.get(&window[..4]) else { continue };
                for number in candidates {
                    let (needle, name_of_needle) = &needles.needles[*number];
                    if needle == window {
                        found.push(format!("{name_of_needle}: {:x} in {name}", at + place as u64));
                    }
                }
            }
            if read < NEEDLE {
                break;
            }
            // Needles may lie across two chunks.
            at += (read - NEEDLE + 1) as u64;
            if at + NEEDLE as u64 > to {
                break;
            }
        }
    }
    assert!(searched > 1 << 20, "only {searched} bytes of the process could be read");
    found
}
