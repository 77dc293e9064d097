//! Parameters and values in PostgreSQL's binary form.

use bytes::BytesMut;
use postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::{Param, ValueRef};

type Failure = Box<dyn std::error::Error + Sync + Send>;

/// The types to prepare a statement with; of a NULL the server finds out.
pub(crate) fn types(params: &[Param<'_>]) -> Vec<Type> {
    let own = |param: &Param<'_>| match param {
        Param::Null => Type::UNKNOWN,
        Param::Int(_) => Type::INT8,
        Param::Text(_) => Type::TEXT,
        Param::Blob(_) => Type::BYTEA,
    };
    params.iter().map(own).collect()
}

/// Tells whether a statement with parameters of these types takes the values.
pub(crate) fn fits(types: &[Type], params: &[Param<'_>]) -> bool {
    let takes = |(ty, param): (&Type, &Param<'_>)| match param {
        Param::Null => true,
        Param::Int(_) => matches!(*ty, Type::INT8 | Type::INT4 | Type::INT2 | Type::BOOL),
        Param::Text(_) => matches!(*ty, Type::TEXT | Type::VARCHAR | Type::NAME | Type::BPCHAR),
        Param::Blob(_) => *ty == Type::BYTEA,
    };
    types.len() == params.len() && types.iter().zip(params).all(takes)
}

/// The parameters as the driver takes them.
pub(crate) fn references<'a>(params: &'a [Param<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    params.iter().map(|param| param as &(dyn ToSql + Sync)).collect()
}

impl ToSql for Param<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
        match self {
            Param::Null => Ok(IsNull::Yes),
            Param::Int(number) => match *ty {
                Type::INT4 => i32::try_from(*number)?.to_sql(ty, out),
                Type::INT2 => i16::try_from(*number)?.to_sql(ty, out),
                Type::BOOL => (*number != 0).to_sql(ty, out),
                _ => number.to_sql(ty, out),
            },
            Param::Text(text) => text.to_sql(ty, out),
            Param::Blob(bytes) => bytes.to_sql(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        // Asked without the value; `fits` has looked at both.
        true
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for ValueRef<'a> {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Failure> {
        Ok(match *ty {
            Type::INT8 => ValueRef::Int(i64::from_sql(ty, raw)?),
            Type::INT4 => ValueRef::Int(i64::from(i32::from_sql(ty, raw)?)),
            Type::INT2 => ValueRef::Int(i64::from(i16::from_sql(ty, raw)?)),
            Type::BOOL => ValueRef::Int(i64::from(bool::from_sql(ty, raw)?)),
            Type::FLOAT8 => ValueRef::Real(f64::from_sql(ty, raw)?),
            Type::FLOAT4 => ValueRef::Real(f64::from(f32::from_sql(ty, raw)?)),
            Type::NUMERIC => numeric(raw).ok_or("a NUMERIC beyond 64 bits")?,
            Type::TEXT | Type::VARCHAR | Type::NAME | Type::BPCHAR | Type::UNKNOWN => {
                ValueRef::Text(str::from_utf8(raw)?)
            }
            Type::BYTEA => ValueRef::Blob(raw),
            _ => return Err(format!("a column of type {ty}: cast it in the statement").into()),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Failure> {
        Ok(ValueRef::Null)
    }

    fn accepts(_: &Type) -> bool {
        // `from_sql` names the type that it cannot read.
        true
    }
}

/// Reads a NUMERIC: four 16-bit words (digits, weight of the first, sign, decimals), then the digits to base 10,000.
fn numeric(raw: &[u8]) -> Option<ValueRef<'static>> {
    const NEGATIVE: i16 = 0x4000;
    let mut words = raw.chunks_exact(2).map(|word| i16::from_be_bytes([word[0], word[1]]));
    let (count, weight, sign, _decimals) = (words.next()?, words.next()?, words.next()?, words.next()?);
    if sign != 0 && sign != NEGATIVE {
        // Not a number, or infinite.
        return None;
    }
    let digits: Vec<i16> = words.take(usize::try_from(count).ok()?).collect();
    let sign = if sign == NEGATIVE { -1 } else { 1 };
    if i32::from(count) > i32::from(weight) + 1 {
        let base = |place: i32| 10_000f64.powi(i32::from(weight) - place);
        let sum: f64 = (0..).zip(&digits).map(|(place, digit)| f64::from(*digit) * base(place)).sum();
        return Some(ValueRef::Real(sum * f64::from(sign)));
    }
    // Digits that are zero at the end are left out.
    let places = (0..=weight).map(|place| digits.get(usize::try_from(place).ok()?).copied());
    let mut whole = 0i128;
    for digit in places {
        whole = whole.checked_mul(10_000)?.checked_add(i128::from(digit.unwrap_or(0)))?;
    }
    i64::try_from(whole * i128::from(sign)).ok().map(ValueRef::Int)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(words: &[i16]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    #[test]
    fn whole_numerics_are_integers_and_others_fractions() {
        assert_eq!(numeric(&raw(&[0, 0, 0, 0])), Some(ValueRef::Int(0)));
        assert_eq!(numeric(&raw(&[1, 1, 0, 0, 3])), Some(ValueRef::Int(30_000)));
        assert_eq!(numeric(&raw(&[2, 1, 0x4000, 0, 1, 2345])), Some(ValueRef::Int(-12_345)));
        assert_eq!(numeric(&raw(&[2, 0, 0, 1, 1, 5000])), Some(ValueRef::Real(1.5)));
        assert_eq!(numeric(&raw(&[5, 9, 0, 0, 9, 9, 9, 9, 9])), None);
        assert_eq!(numeric(&raw(&[1, 0])), None);
    }
}
