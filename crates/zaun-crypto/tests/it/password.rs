//! A known answer for the password check.

use crate::support::*;
use zaun_crypto::dh::TELEGRAM_PRIME;
use zaun_crypto::srp::{Algorithm, Proof};

/// The numbers of a test in grammers-crypto 0.11.0 (`two_factor_auth.rs`): `a` is what the generator yields.
#[test]
fn the_proof_is_that_of_another_library() {
    let salt1 = hex("5f483c38bd0986e7cdc95ae138ef4f49b951c1f81c713fecdef3af692cec4b4716ac9b770a195ebe");
    let salt2 = hex("b616fc6bbedf511119c5ed34629527f1");
    let b = hex("93f70ebd50f6426aca2568769599f91f24d01284cc51a449e62dcc1527dfe501\
                 26b2aa44238e4fb2331419ed4aebf1a0ae15e03abd18bfc52ca6baec564c13b5\
                 a1d2e357799897757bb736fdc2ceb1b56aacf19ab3548d6d922a522f0b51f401\
                 24c3bc9936aff3e1dcfbea39ac9ad2addc6af0ad30783278bbb84cab0ed8464b\
                 0ffeb2b0c93a39a5d97dba0105672ca5475373d8d23e54a6ac9bed9519e8bef4\
                 f00719f5ad56151be5537648df2f8e3e7265cb57fb94a054ce2a82b8cc664ad0\
                 60e0d6c6df1879345440eb977fa0f2d36f31a253d8917732f133d40033a34b61\
                 52969b600d59cdabfea2ab2393ad659e56d66e13605b1f61e48e3cd65c0f58ac");
    let a = hex("bf31574f34fce1e53891c59b7f62468a0ca682da8585df8de0a18873359755fb\
                 b1818878a9ee919bb1e94d20c5f0607e02a33176199bf3220256c9ea1a69f395\
                 a515d20539d88cda750a5252fb864f573f2b032f3b467d08b34fd9c89d1c5d06\
                 278e113e51d4e893c1c027455af4653f096607a4156d94fb8e1dc7cee5bfe328\
                 50982f941ae4414e83bf22df56270b43b7ccc44c26d40886464da8e344a85407\
                 95b8f69b8f508552a723cd6931e1d69204e8e9dc056f0a2a10a0d7951e355f3e\
                 def5a5e18a9091295a51eb9db10b8b0d30489c8d29bc0cd86e97781f5e30c5b6\
                 bfe7caf4aae81b282e653ac48aa1a8fde789722bc04f4320cd9f86849fe05ca4");
    let expected = Proof {
        a: hex_array(
            "0fa12bc655b1187a28296a69ae565d682782e0ceb05a089c0c41c1dce983dc7f\
             4a53434ea78e065d9e1cb60e427b4468a4780609feba2f55654ee2efe0aeb72e\
             dafde2652e26ed5b4d4baad9d2a381806af63416bf6263df45a43d85be5401bc\
             223ebfac09421caddd7e260bd6b86542133c048d6cd54b38d8e2ccdf6b550e87\
             5b1353a4acfe3292ffb56a0f58b2a39027c9bfdd91fd4c531d23c77d6e8f7d58\
             3eaeea316dedded69935296ce7ea34e9be6ef2fbd829eac4c9bd646dc1563e47\
             f77b91431ca002cf79fc149d968272835c15ca1c6b2c5e03712a2e1b5d52f5e4\
             faa1c16cb177fafd96a6aa5b4b3f4c649915644b63855cfb38561ff17fedfb8a",
        ),
        m1: hex_array("4d7af412c5a2e7b15467376bd118b853604e687b31f51c4980c4d7c1876613e3"),
    };
    let algorithm = Algorithm::new(&salt1, &salt2, 3, &TELEGRAM_PRIME).unwrap();
    assert_eq!(algorithm.prove(b"234567", &b, &mut Scripted(a)).unwrap(), expected);
}
