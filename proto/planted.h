/* Bugs that are planted on purpose, so that the simulator can show that it finds them: tests/sim. In all other builds there are
 * none, and PLANTED is 0.
 *
 *    1  ok before the commit                        14  a retry is another act
 *    2  the disk isn't synced                       15  ok although the commit failed
 *    3  an entry is applied without its causes      16  who waited isn't woken
 *    4  the order of two says nothing               17  a retry's ok doesn't wait for the commit
 *    5  a feed's key is used again after a start    18  a request is kept in the clear
 *    6  what is void isn't taken out                19  what is erased stays in the WAL
 *    7  a run's signature isn't checked             20  a withheld payload isn't asked for
 *    8  a redaction erases nothing                  21  who leaves is out, whoever let them in meanwhile
 *    9  acknowledged before it is on the disk       22  what waits for a branch of a void feed is refused
 *   10  an entry's date decides                     23  after a failed read the log is taken for empty
 *   11  spoken without a grant                      24  what a failed commit would have told is told
 *   12  said without the right to                   25  what isn't signed yet counts as there
 *   13  a false place in the order is taken */
#ifndef JAM_PLANTED_H
#define JAM_PLANTED_H

#ifdef JAM_PLANTED
extern int planted; /* the number of the one that is there; 0: none. tests/sim has it */
#define PLANTED(number) (planted == (number))
#else
#define PLANTED(number) 0
#endif

#endif
