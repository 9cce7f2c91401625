//! What may be placed in shared memory.

use std::fmt::Write;

use zerocopy::{FromBytes, Immutable, IntoBytes};

use super::outline::Outline;

/// Plain data: what a lock may protect.
///
/// Any bytes are a valid value of it (so that a process that dies half-way through a write leaves a wrong value,
/// but never an invalid one), it has no pointers, no padding and no drop glue, and it means the same in every
/// process. Implemented for everything that zerocopy says so of: integers, floats, arrays of them, and structs
/// with zerocopy's derives (`FromBytes, IntoBytes, Immutable`).
///
/// What points elsewhere, or has to be dropped, is refused:
///
/// ```compile_fail,E0277
/// lockproof::Region::<lockproof::Mutex<Box<u64>>>::anonymous();
/// ```
///
/// ```compile_fail,E0277
/// lockproof::Region::<lockproof::Mutex<Vec<u64>>>::anonymous();
/// ```
///
/// ```compile_fail,E0277
/// lockproof::Region::<lockproof::Mutex<&'static u64>>::anonymous();
/// ```
///
/// ```compile_fail,E0277
/// struct Guarded(u64);
/// impl Drop for Guarded {
///     fn drop(&mut self) {}
/// }
/// lockproof::Region::<lockproof::Mutex<Guarded>>::anonymous();
/// ```
pub trait Plain: FromBytes + IntoBytes + Immutable + Copy + Send + 'static {
    /// Writes what distinguishes this type's layout from others': its name without the path, size and
    /// alignment.
    fn describe(into: &mut String) {
        let name = core::any::type_name::<Self>();
        let _ =
            write!(into, "{}:{}/{}", without_paths(name), size_of::<Self>(), align_of::<Self>());
    }
}

impl<T: FromBytes + IntoBytes + Immutable + Copy + Send + 'static> Plain for T {}

/// A type that may be placed in a [`Region`](crate::Region) and used by several processes at once.
///
/// This crate's primitives are; structs of them become so with [`shareable!`](crate::shareable), and arrays
/// `[T; N]` of them are.
///
/// # Safety
///
/// The type
/// - has a fixed layout (`#[repr(C)]` or `#[repr(transparent)]`) and no pointers, references or handles, to
///   itself or elsewhere: each process maps it at another address;
/// - is valid for any bytes, as another process may write any; all zeroes is its initial state;
/// - changes only through atomic operations, or under a lock inside it;
/// - has no drop glue: it is never dropped.
pub unsafe trait Shareable: Send + Sync + 'static {
    /// Writes what distinguishes this type's layout from others'.
    fn describe(into: &mut String);

    /// Writes what is where in it, for those who look at the region from outside. Without it, they are told that this is not
    /// known.
    fn outline(into: &mut Outline) {
        let _ = into;
    }

    /// Called by the first process to open the region after the machine was booted again, before any other can
    /// use it: every holder of a lock in it is dead, and no kernel was there to say so.
    fn after_reboot(&self);
}

// SAFETY: nothing at all has no layout to agree on, and nothing in it changes.
unsafe impl Shareable for () {
    fn describe(into: &mut String) {
        into.push_str("()");
    }

    fn after_reboot(&self) {}
}

// SAFETY: an array of what is shareable is laid out without gaps, and each element is as the trait demands.
unsafe impl<T: Shareable, const N: usize> Shareable for [T; N] {
    fn describe(into: &mut String) {
        into.push('[');
        T::describe(into);
        let _ = write!(into, "; {N}]");
    }

    fn outline(into: &mut Outline) {
        into.array::<T>(N);
    }

    fn after_reboot(&self) {
        self.iter().for_each(T::after_reboot);
    }
}

/// Makes a struct of shareable fields shareable itself.
///
/// Fields are this crate's primitives, arrays of them, and other structs made by this macro. The struct cannot be
/// generic. It gets `#[repr(C)]`, and is told apart from others by its name and its fields' names and types.
///
/// # Examples
///
/// ```
/// use lockproof::{Counter, Mutex, Region, shareable};
///
/// shareable! {
///     /// What the workers share.
///     pub struct Shared {
///         pub tickets: Counter,
///         pub log: Mutex<[u64; 8]>,
///     }
/// }
///
/// let shared = Region::<Shared>::anonymous()?;
/// shared.tickets.increment()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// What means something in one process only is refused:
///
/// ```compile_fail,E0277
/// lockproof::shareable! {
///     struct Boxed {
///         elsewhere: Box<u64>,
///     }
/// }
/// ```
///
/// ```compile_fail,E0277
/// lockproof::shareable! {
///     struct Names {
///         of_workers: lockproof::Mutex<Vec<u8>>,
///     }
/// }
/// ```
///
/// So is data that no lock protects:
///
/// ```compile_fail,E0277
/// lockproof::shareable! {
///     struct Racy {
///         total: u64,
///     }
/// }
/// ```
///
/// and what wants to be dropped, as nobody knows which process is the last:
///
/// ```compile_fail,E0080
/// lockproof::shareable! {
///     struct Dropped {
///         count: lockproof::Counter,
///     }
/// }
///
/// impl Drop for Dropped {
///     fn drop(&mut self) {}
/// }
/// ```
#[macro_export]
macro_rules! shareable {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $($(#[$field_meta:meta])* $field_vis:vis $field:ident: $type:ty),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[repr(C)]
        $vis struct $name {
            $($(#[$field_meta])* $field_vis $field: $type,)*
        }

        const _: () = ::core::assert!(
            !::core::mem::needs_drop::<$name>(),
            "what is in shared memory is never dropped"
        );

        // SAFETY: `repr(C)`, without drop glue by the assertion above; each field is as the trait demands, or the
        // calls below would not compile.
        #[allow(unsafe_code)]
        unsafe impl $crate::shm::Shareable for $name {
            fn describe(into: &mut ::std::string::String) {
                into.push_str(::core::concat!(::core::stringify!($name), " {"));
                $(
                    into.push_str(::core::concat!(" ", ::core::stringify!($field), ": "));
                    <$type as $crate::shm::Shareable>::describe(into);
                    into.push(',');
                )*
                into.push_str(" }");
            }

            fn outline(into: &mut $crate::shm::Outline) {
                into.structure(|fields| {
                    $(
                        let (name, at) =
                            (::core::stringify!($field), ::core::mem::offset_of!($name, $field));
                        fields.field::<$type>(name, at);
                    )*
                    // Where there is no field, nothing else uses it.
                    let _ = fields;
                });
            }

            fn after_reboot(&self) {
                $(<$type as $crate::shm::Shareable>::after_reboot(&self.$field);)*
            }
        }
    };
}

/// `a::b::C<d::E>` becomes `C<E>`: the same type must look the same from two programs that have it in different
/// modules.
fn without_paths(name: &str) -> String {
    let mut kept = String::with_capacity(name.len());
    for part in name.split_inclusive(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')) {
        let end = part.len() - part.chars().next_back().map_or(0, char::len_utf8);
        let start = part[..end].rfind("::").map_or(0, |at| at + 2);
        kept.push_str(&part[start..]);
    }
    match kept.rfind("::") {
        Some(at) => kept.split_off(at + 2),
        None => kept,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::shareable! {
        struct Inner {
            counts: [crate::Counter; 2],
        }
    }

    crate::shareable! {
        #[derive(Debug)]
        #[allow(dead_code)]
        pub(crate) struct Outer {
            pub(crate) first: crate::Mutex<u64>,
            lock: crate::Lock,
        }
    }

    #[test]
    fn a_structs_description_names_its_fields_and_their_types() {
        let mut described = String::new();
        Inner::describe(&mut described);
        assert_eq!(described, "Inner { counts: [Counter; 2], }");
        described.clear();
        Outer::describe(&mut described);
        assert_eq!(described, "Outer { first: Mutex<u64:8/8>, lock: Lock, }");
    }

    #[test]
    fn paths_do_not_matter() {
        for (full, short) in [
            ("u64", "u64"),
            ("a::b::C", "C"),
            ("[a::B; 3]", "[B; 3]"),
            ("(a::B, c::d::E)", "(B, E)"),
            ("a::B<c::D, [e::F; 2]>", "B<D, [F; 2]>"),
        ] {
            assert_eq!(without_paths(full), short);
        }
    }
}
