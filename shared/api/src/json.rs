//! JSON from clients.

use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Number, Value};

/// A JSON value that gives no key a special meaning.
///
/// `serde_json` reserves keys to pass on raw text (`$serde_json::private::RawValue`). If a client
/// writes one, its `Value` parses the text that belongs to the key as JSON, again and again, whatever the
/// depth limit of the body. Here such a key is like any other.
#[derive(Debug)]
pub(crate) struct PlainValue(pub(crate) Value);

impl<'de> Deserialize<'de> for PlainValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue).map(Self)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(PlainValue(value)) = values.next_element()? {
            all.push(value);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some((name, PlainValue(value))) = fields.next_entry()? {
            all.insert(name, value);
        }
        Ok(Value::Object(all))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_is_the_value_that_serde_json_reads() {
        for text in [
            "null",
            "true",
            "-5",
            "18446744073709551615",
            "0.5",
            "1e300",
            "\"é\"",
            "[[],{}]",
            "[1,\"\",{\"b\":[2],\"a\":null}]",
        ] {
            let PlainValue(value) = serde_json::from_str(text).unwrap();
            assert_eq!(value, serde_json::from_str::<Value>(text).unwrap(), "{text}");
        }
    }

    #[test]
    fn a_key_of_the_parser_is_a_key_like_any_other() {
        for key in ["$serde_json::private::RawValue", "$serde_json::private::Number"] {
            let text = json!([{ key: "[[5]]" }, { "a": { key: "5" } }]).to_string();
            let PlainValue(value) = serde_json::from_str(&text).unwrap();
            assert_eq!(value[0][key], "[[5]]");
            assert_eq!(value[1]["a"][key], "5");
        }
    }
}
