//! Where artifacts live: one trait, a folder, memory, and load::<T>().
