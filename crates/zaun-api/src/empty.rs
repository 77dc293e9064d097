//! Methods that list what does not exist on this server: their answer is empty, and honestly so.
//!
//! An empty list, never an object without an id and never "not modified": both make apps ask again and again.

/// Writes the handlers of such methods: name, request, type of the answer, and the answer.
macro_rules! empty_answers {
    ($($(#[$doc:meta])+ $handler:ident: $request:ty => $answer:ty = $value:expr;)*) => {
        $(
            $(#[$doc])+
            pub(crate) async fn $handler(
                _: crate::Call,
                _: $request,
            ) -> Result<$answer, zaun_messenger::Error> {
                Ok($value.into())
            }
        )*
    };
}

pub(crate) use empty_answers;
