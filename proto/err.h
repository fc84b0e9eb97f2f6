/* Every way in which Jam refuses: one list with its number, its code for programs, its sentence for people and what
 * to type next. `%1` is what was meant (a name as it was typed), `%2` a suggestion or a detail. */
#ifndef JAM_ERR_H
#define JAM_ERR_H

#include <stddef.h>

#include "bytes.h"

/* X(NAME, "code", "sentence", "what to type or do next, or empty") */
#define ERR_LIST(X)                                                                                \
    X(OK, "ok", "Done.", "")                                                                       \
    /* bytes from outside */                                                                       \
    X(ERR_TRUNCATED, "truncated", "The message ends too early.", "")                               \
    X(ERR_TOO_LONG, "too-long", "That is too long: %1.", "say it in fewer words")                  \
    X(ERR_NOT_CANONICAL, "not-canonical", "The message isn't in canonical form.", "")              \
    X(ERR_MALFORMED, "malformed", "The message doesn't say what it should: %1.", "")               \
    X(ERR_VERSION, "other-version", "That was made by another version of Jam.",                    \
      "install the same version everywhere")                                                       \
    X(ERR_SIGNATURE, "bad-signature", "A signature is not valid.", "")                             \
    X(ERR_CHAIN, "bad-chain", "An entry doesn't fit the chain that it claims.", "")                \
    X(ERR_ORDER, "bad-order", "An entry claims a false place in the order.", "")                   \
    X(ERR_OTHER_CLASS, "other-class", "That belongs to another class.", "")                        \
    X(ERR_FORK, "fork", "One feed says two things at one place.", "")                              \
    X(ERR_WAIT, "wait", "Its causes aren't here yet.", "")                                         \
    X(ERR_LIMIT, "limit", "That is more than Jam keeps: %1.", "")                                  \
    /* this machine */                                                                             \
    X(ERR_NOMEM, "no-memory", "This machine has no memory left.",                                  \
      "close some programs, then try again")                                                       \
    X(ERR_DISK, "disk", "This machine's disk can't take it: %1.",                                  \
      "tell your teacher; what is saved stays saved")                                              \
    X(ERR_DISK_FULL, "disk-full", "This machine's disk is full.",                                  \
      "tell your teacher; what is saved stays saved")                                              \
    X(ERR_DAMAGED, "damaged", "The saved class is damaged: %1.",                                   \
      "try again in a moment; if it stays so, switch this machine off and on again")               \
    X(ERR_IN_USE, "in-use", "Another jamd already uses %1.", "stop that one first")                \
    X(ERR_SOCKET, "socket", "The socket %1 can't be used: %2.",                                    \
      "choose another with --socket PATH")                                                         \
    X(ERR_NO_DAEMON, "no-daemon", "Jam isn't running here: no jamd answers at %1.",                \
      "tell your teacher; or start it: jamd --state DIR --socket PATH")                            \
    X(ERR_INTERNAL, "internal", "Jam made a mistake: %1.", "try again; if it stays, restart jamd") \
    /* what a person typed */                                                                      \
    X(ERR_USAGE, "usage", "%1", "%2")                                                              \
    X(ERR_UNKNOWN_METHOD, "unknown-method", "This jamd doesn't know \"%1\".",                      \
      "use jam and jamd of one version")                                                           \
    X(ERR_EMPTY, "empty", "Something is missing: %1.", "%2")                                       \
    X(ERR_BAD_TEXT, "bad-text", "That can't be used as a name: %1.",                               \
      "use letters, not numbers alone")                                                            \
    X(ERR_NO_CLASS, "no-class", "This machine is in no class yet.",                                \
      "your teacher lets it in, with jam class admit; or: jam class join WORDS")                   \
    X(ERR_CLASS_WAITS, "class-waits", "Nobody of that class has answered yet.", "jam doctor")      \
    X(ERR_NO_SUCH_CLASS, "no-such-class", "No class \"%1\" on this machine.", "jam class list")    \
    X(ERR_CLASS_EXISTS, "class-exists", "This machine is already in the class %1.",                \
      "if the class has new words, a teacher signs in here and types them")                        \
    X(ERR_WORD, "wrong-word", "There is a mistake in %1.", "%2")                                   \
    X(ERR_WORDS, "wrong-words", "Those words don't fit together: one is wrong or missing.",        \
      "there are twelve; check them one by one")                                                   \
    X(ERR_SIGNED_OUT, "signed-out", "Nobody is signed in here.", "jam hello YOUR-NAME")            \
    X(ERR_NO_SUCH_PERSON, "no-such-person", "Nobody is called \"%1\".", "%2")                      \
    X(ERR_NO_SUCH_JAM, "no-such-jam", "No jam \"%1\".", "%2")                                      \
    X(ERR_NO_SUCH_TASK, "no-such-task", "No task %1.", "jam task list")                            \
    X(ERR_NO_SUCH_ROLE, "no-such-role", "Nobody has the role \"%1\" here.", "jam role list")       \
    X(ERR_NO_SUCH_SEAT, "no-such-seat", "No machine \"%1\".", "jam status")                        \
    X(ERR_AMBIGUOUS, "ambiguous", "More than one fits \"%1\": %2.",                                \
      "the number instead of the name: jam list, jam who or jam class devices")                    \
    X(ERR_NO_LIST, "no-list", "No list was shown here, so %1 means nothing yet.", "%2")            \
    X(ERR_NOT_IN_JAM, "not-in-a-jam", "You aren't in a jam.", "jam list, then jam join NAME")      \
    X(ERR_NOT_MEMBER, "not-a-member", "You aren't a member of %1.", "jam join %1")                 \
    X(ERR_ALREADY_THERE, "already-there", "You are in %1 already.", "jam show")                    \
    X(ERR_NOWHERE_BACK, "nowhere-back", "There is no jam to go back to.",                          \
      "jam list, then jam join NAME")                                                              \
    X(ERR_NOT_HELD, "not-held", "You don't have the role %1.", "jam role take %1")                 \
    X(ERR_YOURSELF, "yourself", "That would be yourself.", "%2")                                   \
    X(ERR_BUSY, "busy", "Too many at once.", "try again in a moment")                              \
    /* who is who */                                                                               \
    X(ERR_PASSPHRASE, "passphrase", "%1 has a passphrase.",                                        \
      "at a terminal jam asks for it; else: --passphrase-file FILE")                               \
    X(ERR_NEW_PASSPHRASE, "new-passphrase", "%1 needs a new passphrase.",                          \
      "at a terminal jam asks for it; else: --passphrase-file FILE")                               \
    X(ERR_WRONG_PASSPHRASE, "wrong-passphrase", "That isn't the passphrase of %1.",                \
      "forgotten, or never chose one? A teacher can give you a card")                              \
    X(ERR_WEAK_PASSPHRASE, "weak-passphrase", "That passphrase is too easy to guess: %1.",         \
      "take the three words that Jam proposes, or ten letters and more")                           \
    X(ERR_PAUSE, "pause", "Too many wrong passphrases.", "try again in %1 s")                      \
    X(ERR_NOT_TEACHER, "not-a-teacher", "Only a teacher can do that.", "ask your teacher")         \
    X(ERR_NOT_YOURS, "not-yours", "That isn't yours.", "ask a teacher, or who made the class")     \
    X(ERR_NO_SUCH_ENTRY, "no-such-entry", "There is no entry \"%1\".", "jam journal")              \
    X(ERR_EXPELLED, "expelled", "This machine was put out of the class.", "ask a teacher")         \
    X(ERR_REMOVED, "removed", "Your teacher took %1 out of this class.",                           \
      "ask your teacher; or another name")                                                         \
    X(ERR_TAKEN, "taken", "%1 is signed in here.", "jam hello %2 --take-over")                     \
    X(ERR_OPEN_CLASS, "open-class", "This class has no passphrases.", "")                          \
    X(ERR_ERASED, "erased", "That was erased.", "")                                                \
    X(ERR_KEPT, "kept", "That can't be erased: who may do what rests on it.", "")                  \
    X(ERR_NO_SUCH_KNOCK, "no-such-knock", "\"%1\" doesn't knock.", "jam class admit")              \
    X(ERR_OLD_WORDS, "old-words", "The class has other words now.",                                \
      "ask your teacher for them, then: jam class join WORDS")                                     \
    X(ERR_CLOSED, "closed", "The class %1 has ended. It is erased.", "")                           \
    X(ERR_FILE, "file", "The file %1 can't be written: %2.", "")                                   \
    X(ERR_FILE_EXISTS, "file-exists", "%1 is there already.", "another name, or with --replace")   \
    X(ERR_OLD_CARD, "old-card", "That card of %1 is too old.", "ask a teacher for another one")    \
    X(ERR_MOVED, "moved", "You moved to %1 at %2.", "to sign in here again: jam hello YOUR-NAME")  \
    X(ERR_NAME_TAKEN, "name-taken", "Somebody else is called %1 already.",                         \
      "another name; all of them: jam people")                                                     \
    X(ERR_WHOLE_JAM, "whole-jam", "That line is where %1 began: all that stands in it goes too.",  \
      "if you mean it: the same with --whole")

enum err {
#define X(name, code, sentence, hint) name,
    ERR_LIST(X)
#undef X
        ERR_COUNT
};

/* The code for programs ("no-such-jam"); never NULL, also for numbers out of range. */
const char *err_code(enum err);

/* The number of a code; ERR_INTERNAL if there is none such (a newer daemon). */
enum err err_from_code(struct slice code);

/* The templates with %1 and %2, for gettext to translate before err_fill. */
const char *err_sentence(enum err);
const char *err_try(enum err);

/* Writes `template` into out (out_len bytes, always terminated, cut at a character) with %1 and %2 replaced by what
 * and detail (NULL counts as empty). Returns out. */
char *err_fill(char *out, size_t out_len, const char *template, const char *what,
               const char *detail);

#endif
