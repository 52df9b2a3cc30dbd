#ifndef TIERCE_DISPATCH_CLOCK_H
#define TIERCE_DISPATCH_CLOCK_H

double ds_now(void);  /* monotonic seconds */
double ds_unix(void); /* seconds since 1970 */

#endif
