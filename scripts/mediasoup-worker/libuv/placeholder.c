/* An archive needs at least one object; the code itself is in the system library. */
extern int opendeep_placeholder;
int opendeep_placeholder = 0;
