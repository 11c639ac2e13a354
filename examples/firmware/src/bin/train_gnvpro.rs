//! A network that learns a surface on the device, by the method in the file's name.

#![no_std]
#![no_main]

use jobs::train::gnvpro::{Memory, STEPS, run};

fn train(memory: &mut Memory) -> bool {
    firmware::train(memory, STEPS, run)
}

firmware::firmware!(Memory, Memory::NEW, train);
