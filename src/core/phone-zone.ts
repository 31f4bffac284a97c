import { parsePhoneNumberFromString } from "libphonenumber-js/max";

/**
 * Area codes of the United States and Canada that lie in one zone as a whole. Codes across two zones, overlays of such
 * codes, and codes of no area are left out. Facts of the North American Numbering Plan, as in libphonenumber's time zone
 * map.
 */
const AREA_CODES: Readonly<Record<string, string>> = {
  "America/New_York": `201 202 203 207 212 215 216 220 223 227 229 231 234 239 240 248 252 260 267 269 272 276 283
    301 302 304 305 313 315 317 321 324 326 329 330 332 336 339 347 351 352 363 380 386 401 404 407 410 412 413 419
    434 440 443 445 448 463 470 472 475 478 484 502 508 513 516 517 518 540 551 561 567 570 571 582 585 586 603 607
    609 610 614 616 617 624 631 640 645 646 656 667 678 679 680 681 686 689 703 704 706 716 717 718 724 727 728 732
    734 740 743 754 757 762 765 770 771 772 774 781 786 802 803 804 810 813 814 821 826 828 835 838 839 843 845 848
    854 856 857 859 860 862 863 864 865 878 904 908 910 912 914 917 919 929 934 937 941 943 947 948 954 959 973 978
    980 984 989`,
  "America/Toronto": `226 249 263 289 343 354 365 367 382 416 437 438 450 468 514 519 548 579 581 613 647 683 705
    742 753 819 873 905 942`,
  "America/Chicago": `205 210 214 217 218 224 225 228 235 251 254 256 262 274 281 309 312 314 316 318 319 320 325
    327 331 334 337 346 353 361 402 405 409 414 417 430 432 447 464 469 479 501 504 507 512 515 531 534 539 557 563
    572 573 580 601 608 612 615 618 629 630 636 641 651 659 660 662 682 708 712 713 715 726 730 731 737 763 769 773
    779 806 815 816 817 830 832 847 861 870 872 901 903 913 918 920 924 931 936 938 940 945 952 956 972 975 979 985`,
  "America/Winnipeg": "204 431 584",
  "America/Regina": "306 474 639",
  "America/Denver": "303 307 385 406 435 505 575 719 720 748 801 915 970 983",
  "America/Edmonton": "368 403 587 780 825",
  "America/Phoenix": "480 520 602 623",
  "America/Los_Angeles": `206 209 213 253 279 310 323 341 350 360 369 408 415 424 425 442 503 509 510 530 559 562
    564 619 626 628 650 657 661 669 702 707 714 725 738 747 760 805 818 820 831 840 858 909 916 925 949 951 971`,
  "America/Vancouver": "604",
  "America/Halifax": "428 506 782 902",
  "Pacific/Honolulu": "808",
};

/** Countries that keep one legal time although the time zone database knows another for some of their places. */
const ONE_LEGAL_TIME: Readonly<Record<string, string>> = {
  CN: "Asia/Shanghai",
  NZ: "Pacific/Auckland",
  UA: "Europe/Kyiv",
};

/** Days on which zones are compared: two a month, so that no summer time goes unseen. */
const SAMPLE_DAYS = Array.from({ length: 24 }, (_, i) => new Date(Date.UTC(2026, i / 2, (i % 2) * 15 + 1)).getTime());

/**
 * The IANA zones a number's subscriber may be in, each keeping another time than the others in the list: by area code in
 * the United States and Canada, else by country. A number that gives no hint has none. A mobile phone travels, and a
 * number is kept when people move: it is the best guess there is without asking.
 */
export const zonesOfPhone = (e164: string): string[] => {
  const country = parsePhoneNumberFromString(e164, { extract: false })?.country;
  if (country === undefined) return [];
  if (country === "US" || country === "CA") {
    const areaCode = e164.slice(2, 5);
    for (const [zone, codes] of Object.entries(AREA_CODES)) if (codes.includes(areaCode)) return [zone];
  }
  const known = zonesOfCountry.get(country) ?? zonesIn(country);
  zonesOfCountry.set(country, known);
  return [...known];
};

/** Kept because comparing zones takes milliseconds and a list may have thousands of numbers; one entry a country. */
const zonesOfCountry = new Map<string, readonly string[]>();

const zonesIn = (country: string): string[] => {
  const legal = ONE_LEGAL_TIME[country];
  if (legal !== undefined) return [legal];
  const byOffsets = new Map<string, string>();
  for (const zone of new Intl.Locale("und", { region: country }).getTimeZones() ?? []) {
    const offsets = SAMPLE_DAYS.map((at) => offsetMinutes(zone, at)).join();
    if (!byOffsets.has(offsets)) byOffsets.set(offsets, zone);
  }
  return [...byOffsets.values()];
};

/** The IANA zone of a number's subscriber where the number leaves no doubt; null otherwise. See `zonesOfPhone`. */
export const zoneOfPhone = (e164: string): string | null => {
  const [zone, ...others] = zonesOfPhone(e164);
  return zone === undefined || others.length > 0 ? null : zone;
};

const offsetMinutes = (zone: string, atMs: number): number =>
  Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(zone).offsetNanoseconds / 60e9;
