//! Session strings of other libraries: one key each, and what is known of the account.
//!
//! Each is base64 of a few fields in a row. Whoever has one is the account, as with our own.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use base64::Engine;
use base64::alphabet::{Alphabet, STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};
use bytes::{Buf, BufMut, Bytes};
use zaun_crypto::AuthKey;
use zaun_mtproto::client::SavedSession;
use zaun_tl::{DecodeError, Reader};
use zeroize::Zeroizing;

use super::{Account, Saved, StorageError};
use zaun_link::Address;

/// What the string of another library says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign {
    /// For [`MemoryStorage::with`](crate::MemoryStorage::with), or to be kept elsewhere.
    pub saved: Saved,
    /// Where the data centre is, if the string says so.
    pub address: Option<Address>,
}

const SHORT: StorageError = StorageError::Malformed("it ends too early");
const LONG: StorageError = StorageError::Malformed("its length does not fit");
const FLAG: StorageError = StorageError::Malformed("a flag is neither set nor unset");

/// A Telethon string with an IPv4 address has so many bytes; with IPv6 there are 12 more.
const TELETHON_BYTES: usize = 1 + 4 + 2 + 256;
/// `>BI?256sQ?`, `>B?256sQ?` and `>B?256sI?` in the words of Python's `struct`.
const PYROGRAM_BYTES: [usize; 3] = [271, 267, 263];

impl Foreign {
    /// Reads the string of any library that is known here, and our own as well.
    ///
    /// # Errors
    /// [`StorageError::Malformed`].
    pub fn read(text: &str) -> Result<Foreign, StorageError> {
        if let Ok(saved) = Saved::from_string(text) {
            return Ok(Foreign { saved, address: None });
        }
        let forms = [Foreign::telethon, Foreign::pyrogram, Foreign::mtcute, Foreign::mtproto2];
        let found = forms.iter().find_map(|form| form(text).ok());
        found.ok_or(StorageError::Malformed("of no library that is known here"))
    }

    /// Telethon: `1`, then base64url of dc (1 byte), IPv4 or IPv6 address, port (2, big-endian) and key. It says
    /// nothing of the account, and not whether it is of test servers.
    ///
    /// # Errors
    /// [`StorageError::Malformed`].
    pub fn telethon(text: &str) -> Result<Foreign, StorageError> {
        let text = text.trim().strip_prefix('1').ok_or(StorageError::Malformed("another version"))?;
        let bytes = decoded(&URL_SAFE, text)?;
        let mut rest = &bytes[..];
        let dc = rest.try_get_u8().map_err(|_| SHORT)?;
        let ip: IpAddr = match bytes.len().checked_sub(TELETHON_BYTES) {
            Some(0) => Ipv4Addr::from(rest.try_get_u32().map_err(|_| SHORT)?).into(),
            Some(12) => Ipv6Addr::from(rest.try_get_u128().map_err(|_| SHORT)?).into(),
            _ => return Err(LONG),
        };
        let port = rest.try_get_u16().map_err(|_| SHORT)?;
        let saved = saved(dc.into(), false, None, key(&mut rest)?)?;
        Ok(Foreign { saved, address: Some(SocketAddr::new(ip, port).into()) })
    }

    /// Pyrogram and its descendants: base64url of dc (1), the application's id (4, missing in older ones), test (1),
    /// key, user id (8, or 4 in the oldest) and bot (1), big-endian.
    ///
    /// # Errors
    /// [`StorageError::Malformed`].
    pub fn pyrogram(text: &str) -> Result<Foreign, StorageError> {
        let [new, _, oldest] = PYROGRAM_BYTES;
        let bytes = decoded(&URL_SAFE, text)?;
        if !PYROGRAM_BYTES.contains(&bytes.len()) {
            return Err(LONG);
        }
        let mut rest = &bytes[..];
        let dc = rest.try_get_u8().map_err(|_| SHORT)?;
        if bytes.len() == new {
            rest.try_get_u32().map_err(|_| SHORT)?;
        }
        let test = flag(&mut rest)?;
        let key = key(&mut rest)?;
        let id = if bytes.len() == oldest {
            rest.try_get_u32().map_err(|_| SHORT)?.into()
        } else {
            rest.try_get_i64().map_err(|_| SHORT)?
        };
        let bot = flag(&mut rest)?;
        let account = (id > 0).then_some(Account { id, bot });
        Ok(Foreign { saved: saved(dc.into(), test, account, key)?, address: None })
    }

    /// mtcute, version 3: base64url of the version (1 byte), then in TL flags (1: account, 2: test, 4: media), the
    /// data centre, one for media, user id and bot, and the key.
    ///
    /// # Errors
    /// [`StorageError::Malformed`].
    pub fn mtcute(text: &str) -> Result<Foreign, StorageError> {
        let bytes = decoded(&URL_SAFE, text)?;
        let Some((3, rest)) = bytes.split_first() else {
            return Err(StorageError::Malformed("another version"));
        };
        let mut reader = Reader::new(Bytes::copy_from_slice(rest));
        let read = mtcute_fields(&mut reader).map_err(|_| StorageError::Malformed("not in its form"))?;
        let mut key_bytes = &read.key[..];
        let key = key(&mut key_bytes)?;
        if !key_bytes.is_empty() {
            return Err(LONG);
        }
        Ok(Foreign { saved: saved(read.dc, read.test, read.account, key)?, address: Some(read.address) })
    }

    /// `@mtproto2/mtproto`: base64 of version (1 byte), dc (2), port (2), key and the address as text, big-endian.
    ///
    /// # Errors
    /// [`StorageError::Malformed`].
    pub fn mtproto2(text: &str) -> Result<Foreign, StorageError> {
        let bytes = decoded(&STANDARD, text)?;
        let mut rest = &bytes[..];
        if rest.try_get_u8().map_err(|_| SHORT)? != 1 {
            return Err(StorageError::Malformed("another version"));
        }
        let dc = rest.try_get_i16().map_err(|_| SHORT)?;
        let port = rest.try_get_u16().map_err(|_| SHORT)?;
        let saved = saved(dc, false, None, key(&mut rest)?)?;
        let host = std::str::from_utf8(rest).ok();
        let host = host.filter(|host| !host.is_empty() && host.chars().all(|c| c.is_ascii_graphic()));
        let host = host.ok_or(StorageError::Malformed("its address is not one"))?;
        Ok(Foreign { saved, address: Some(address(host, port)) })
    }
}

impl Saved {
    /// Reads the session string of any library that is known here; [`Foreign`] tells more.
    ///
    /// # Errors
    /// [`StorageError::Malformed`].
    pub fn from_foreign(text: &str) -> Result<Saved, StorageError> {
        Ok(Foreign::read(text)?.saved)
    }

    /// The main data centre's key as a Telethon string. `None` if there is no key, or the id takes two bytes.
    #[must_use]
    pub fn to_telethon(&self, address: SocketAddr) -> Option<Zeroizing<String>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(TELETHON_BYTES + 12));
        bytes.put_u8(u8::try_from(self.main_dc).ok()?);
        match address.ip() {
            IpAddr::V4(ip) => bytes.put_slice(&ip.octets()),
            IpAddr::V6(ip) => bytes.put_slice(&ip.octets()),
        }
        bytes.put_u16(address.port());
        bytes.put_slice(self.main_key()?.as_bytes());
        let mut text = Zeroizing::new(String::with_capacity(400));
        text.push('1');
        BASE64_URL_SAFE.encode_string(&*bytes, &mut text);
        Some(text)
    }

    /// The main data centre's key as a string of `@mtproto2/mtproto`; `host` is a name or an IP address. `None` if
    /// there is no key.
    #[must_use]
    pub fn to_mtproto2(&self, host: &str, port: u16) -> Option<Zeroizing<String>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(1 + 2 + 2 + 256 + host.len()));
        bytes.put_u8(1);
        bytes.put_i16(self.main_dc);
        bytes.put_u16(port);
        bytes.put_slice(self.main_key()?.as_bytes());
        bytes.put_slice(host.as_bytes());
        Some(Zeroizing::new(BASE64_STANDARD.encode(&*bytes)))
    }

    fn main_key(&self) -> Option<&AuthKey> {
        Some(&self.keys.get(&self.main_dc)?.key)
    }
}

/// Libraries differ in whether they pad, and people lose padding when they copy.
fn decoded(alphabet: &Alphabet, text: &str) -> Result<Zeroizing<Vec<u8>>, StorageError> {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let bytes = GeneralPurpose::new(alphabet, config).decode(text.trim());
    bytes.map(Zeroizing::new).map_err(|_| StorageError::Malformed("not base64"))
}

fn saved(dc: i16, test: bool, account: Option<Account>, key: AuthKey) -> Result<Saved, StorageError> {
    if dc <= 0 {
        return Err(StorageError::Malformed("it names no data centre"));
    }
    let session = SavedSession { key, salt: 0, session_id: 0, time_offset_s: 0 };
    Ok(Saved { main_dc: dc, test, account, keys: [(dc, session)].into(), updates: Vec::new() })
}

fn key(rest: &mut &[u8]) -> Result<AuthKey, StorageError> {
    let (bytes, after) = rest.split_first_chunk::<256>().ok_or(SHORT)?;
    *rest = after;
    // Libraries write zeros before there is a key.
    if bytes.iter().all(|byte| *byte == 0) {
        return Err(StorageError::Malformed("it holds no key"));
    }
    Ok(AuthKey::new(*bytes))
}

fn flag(rest: &mut &[u8]) -> Result<bool, StorageError> {
    match rest.try_get_u8().map_err(|_| SHORT)? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(FLAG),
    }
}

fn address(host: &str, port: u16) -> Address {
    match host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
        Ok(ip) => SocketAddr::new(ip, port).into(),
        Err(_) => Address::Host(host.to_owned(), port),
    }
}

struct Mtcute {
    dc: i16,
    test: bool,
    address: Address,
    account: Option<Account>,
    key: Bytes,
}

fn mtcute_fields(reader: &mut Reader) -> Result<Mtcute, DecodeError> {
    let flags = reader.take_i32()?;
    let (dc, test, address) = mtcute_dc(reader.take_bytes()?)?;
    if flags & 4 != 0 {
        reader.take_bytes()?;
    }
    let account = match flags & 1 {
        0 => None,
        _ => Some(Account { id: reader.take_i64()?, bot: reader.take_bool()? }),
    };
    let key = reader.take_bytes()?;
    reader.finish()?;
    Ok(Mtcute { dc, test: test || flags & 2 != 0, address, account, key })
}

/// Version (1 byte), dc (1), flags (1; 4: test, from version 2 on), then in TL the address and the port.
fn mtcute_dc(bytes: Bytes) -> Result<(i16, bool, Address), DecodeError> {
    let mut reader = Reader::new(bytes);
    let [version, dc, flags] = reader.take_array::<3>()?;
    let host = reader.take_string()?;
    // Ports above the range stay recognizable as wrong: nothing listens on 0.
    let port = u16::try_from(reader.take_i32()?).unwrap_or(0);
    Ok((dc.into(), version >= 2 && flags & 4 != 0, address(&host, port)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by the libraries themselves with the key 0, 1, 2 … 255: Telethon 1.45.0, the formats of kurigram 2.2.26,
    /// mtcute 0.30.3.
    const MADE: &str = include_str!("../../tests/data/session_strings.txt");

    fn made(name: &str) -> &'static str {
        let line = MADE.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap()
    }

    fn expected(dc: i16, test: bool, account: Option<(i64, bool)>, at: Option<&str>) -> Foreign {
        let key = AuthKey::new(std::array::from_fn(|at| at as u8));
        let account = account.map(|(id, bot)| Account { id, bot });
        let address = at.map(|at| Address::Tcp(at.parse().unwrap()));
        Foreign { saved: saved(dc, test, account, key).unwrap(), address }
    }

    fn reads(name: &str, form: fn(&str) -> Result<Foreign, StorageError>, expected: &Foreign) {
        let text = made(name);
        assert_eq!(&form(text).unwrap(), expected, "{name}");
        assert_eq!(&form(text.trim_end_matches('=')).unwrap(), expected, "{name} without padding");
        assert_eq!(&Foreign::read(&format!(" {text}\n")).unwrap(), expected, "{name} among others");
    }

    #[test]
    fn telethon_strings() {
        let ip = expected(2, false, None, Some("149.154.167.51:443"));
        reads("telethon", Foreign::telethon, &ip);
        let ip6 = expected(2, false, None, Some("[2001:67c:4e8:f002::a]:443"));
        reads("telethon6", Foreign::telethon, &ip6);
        for (name, foreign) in [("telethon", ip), ("telethon6", ip6)] {
            let Some(Address::Tcp(address)) = foreign.address else { panic!() };
            assert_eq!(foreign.saved.to_telethon(address).unwrap().as_str(), made(name));
        }
    }

    #[test]
    fn pyrogram_strings_of_three_ages() {
        let big = 5_000_000_000;
        reads("pyrogram", Foreign::pyrogram, &expected(4, false, Some((big, true)), None));
        reads("pyrogram_test", Foreign::pyrogram, &expected(2, true, Some((77, false)), None));
        reads("pyrogram_old", Foreign::pyrogram, &expected(4, false, Some((big, false)), None));
        reads("pyrogram_oldest", Foreign::pyrogram, &expected(1, true, Some((123_456_789, true)), None));
    }

    #[test]
    fn mtcute_strings() {
        let account = Some((5_000_000_000, true));
        reads("mtcute", Foreign::mtcute, &expected(2, false, account, Some("149.154.167.41:443")));
        reads("mtcute_test", Foreign::mtcute, &expected(2, true, None, Some("[2001:67c:4e8:f002::e]:80")));
    }

    #[test]
    fn mtproto2_strings_come_back() {
        for (host, at) in [("10.0.0.7", Some("10.0.0.7:4430")), ("a.example", None)] {
            let mut foreign = expected(300, false, None, at);
            foreign.address.get_or_insert(Address::Host(host.into(), 4430));
            let text = foreign.saved.to_mtproto2(host, 4430).unwrap();
            assert_eq!(Foreign::mtproto2(&text).unwrap(), foreign);
            assert_eq!(Foreign::read(&text).unwrap(), foreign);
        }
    }

    #[test]
    fn our_own_is_read_and_what_has_no_key_is_not_written() {
        let saved = expected(2, true, Some((5, false)), None).saved;
        assert_eq!(Saved::from_foreign(&saved.to_string_session()).unwrap(), saved);
        let none = Saved { main_dc: 4, ..saved };
        assert_eq!(none.to_telethon("1.2.3.4:5".parse().unwrap()), None);
        assert_eq!(none.to_mtproto2("host", 5), None);
    }

    #[test]
    fn damaged_strings_are_refused_without_panics() {
        for line in MADE.lines() {
            let text = line.split(' ').next_back().unwrap();
            for end in 0..text.trim_end_matches('=').len() {
                // Cut to the length of an older one, a Pyrogram string can look like it.
                let refused = Foreign::read(&text[..end]).is_err();
                assert!(refused || [351, 356].contains(&end), "{line} cut at {end}");
            }
            for at in 0..text.len() {
                for byte in ["A", "_", "~"] {
                    let mut damaged = text.to_owned();
                    damaged.replace_range(at..=at, byte);
                    let _ = Foreign::read(&damaged);
                }
            }
        }
        assert!(Foreign::read("").is_err());
        let empty = format!(
            "1{}",
            BASE64_URL_SAFE.encode([2; 7].iter().chain(&[0; 256]).copied().collect::<Vec<u8>>())
        );
        assert!(matches!(Foreign::telethon(&empty), Err(StorageError::Malformed("it holds no key"))));
    }
}
