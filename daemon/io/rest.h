/* Keeps the daemon small: gives back memory that it doesn't need just now. */
#ifndef JAM_REST_H
#define JAM_REST_H

/* How often a daemon rests. It costs the page faults of what is needed again: some hundred a time. */
enum { REST_MS = 60 * 1000 };

/* Gives free heap back, and of the libraries' pages all that were never written (symbols, relocations, initialisers, code
 * that ran once: half of what is resident after the start). What is needed again comes again from the page cache. */
void rest(void);

#endif
