//! One module a query: its index, build() and answer().
