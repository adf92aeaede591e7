//! HTTP: parse, call, render; problem+json; one route table.
