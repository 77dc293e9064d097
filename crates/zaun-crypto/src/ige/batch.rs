//! IGE over several messages at once, each with its own key, IV and length.
//!
//! A batch is what is ready now, of any size. Kernels are chosen by feature detection: 16 lanes on VAES with 256-bit
//! registers, 8 lanes on AES-NI, elsewhere [`super::reference`] one by one, which also judges the others in tests.

use super::{LengthError, reference};
use crate::kdf::IgeKey;
#[cfg(target_arch = "x86_64")]
use crate::lanes::{self, Width};

/// One message of a batch: whole blocks, changed in place, and their key.
#[derive(Debug)]
pub struct Job<'a> {
    blocks: &'a mut [[u8; 16]],
    key: IgeKey,
}

impl<'a> Job<'a> {
    /// Takes `data` of any length that is whole blocks; none is fine.
    ///
    /// # Errors
    /// [`LengthError`] when the length is not a multiple of 16.
    pub fn new(data: &'a mut [u8], key: IgeKey) -> Result<Self, LengthError> {
        Ok(Self { blocks: super::blocks(data)?, key })
    }

    pub(crate) fn of_blocks(blocks: &'a mut [[u8; 16]], key: IgeKey) -> Self {
        Self { blocks, key }
    }

    #[cfg(target_arch = "x86_64")]
    pub(crate) fn into_parts(self) -> (&'a mut [[u8; 16]], IgeKey) {
        (self.blocks, self.key)
    }
}

/// Encrypts all messages. They are taken one by one, when a lane is free: an iterator may derive its keys as it goes.
pub fn encrypt<'a>(jobs: impl IntoIterator<Item = Job<'a>>) {
    Kernel::best().encrypt(jobs);
}

/// Decrypts all messages; else like [`encrypt`].
pub fn decrypt<'a>(jobs: impl IntoIterator<Item = Job<'a>>) {
    Kernel::best().decrypt(jobs);
}

/// One of the implementations; it exists only where the processor can run it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kernel(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Reference,
    #[cfg(target_arch = "x86_64")]
    Narrow(Width),
    #[cfg(target_arch = "x86_64")]
    Wide(Width),
}

impl Kernel {
    /// The fastest one here.
    #[must_use]
    pub fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(kernel) = Self::wide().or_else(Self::narrow) {
            return kernel;
        }
        Self(Kind::Reference)
    }

    /// All that run here, the reference first: for tests and benchmarks.
    pub fn available() -> impl Iterator<Item = Self> {
        let kernels = std::iter::once(Self(Kind::Reference));
        #[cfg(target_arch = "x86_64")]
        let kernels = kernels.chain(Self::narrow()).chain(Self::wide());
        kernels
    }

    #[cfg(target_arch = "x86_64")]
    fn narrow() -> Option<Self> {
        Width::narrow().map(|width| Self(Kind::Narrow(width)))
    }

    #[cfg(target_arch = "x86_64")]
    fn wide() -> Option<Self> {
        Width::wide().map(|width| Self(Kind::Wide(width)))
    }

    /// What to call it in a table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            Kind::Reference => "reference",
            #[cfg(target_arch = "x86_64")]
            Kind::Narrow(_) => "8 lanes AES-NI",
            #[cfg(target_arch = "x86_64")]
            Kind::Wide(_) => "16 lanes VAES",
        }
    }

    /// As the function [`encrypt`], by this kernel.
    pub fn encrypt<'a>(self, jobs: impl IntoIterator<Item = Job<'a>>) {
        match self.0 {
            Kind::Reference => jobs
                .into_iter()
                .for_each(|job| reference::encrypt_blocks(job.blocks, &job.key.key, &job.key.iv)),
            #[cfg(target_arch = "x86_64")]
            Kind::Narrow(width) | Kind::Wide(width) => lanes::run::<false>(width, jobs.into_iter()),
        }
    }

    /// As the function [`decrypt`], by this kernel.
    pub fn decrypt<'a>(self, jobs: impl IntoIterator<Item = Job<'a>>) {
        match self.0 {
            Kind::Reference => jobs
                .into_iter()
                .for_each(|job| reference::decrypt_blocks(job.blocks, &job.key.key, &job.key.iv)),
            #[cfg(target_arch = "x86_64")]
            Kind::Narrow(width) | Kind::Wide(width) => lanes::run::<true>(width, jobs.into_iter()),
        }
    }
}
