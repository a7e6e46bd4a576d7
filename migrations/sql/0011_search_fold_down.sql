-- The function of 0008.
CREATE OR REPLACE FUNCTION order_search_fold(written text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN octet_length(written) = char_length(written) THEN lower(written COLLATE "C")
    ELSE replace(translate(
        regexp_replace(lower(normalize(written, NFD) COLLATE "C"), '[\u0300-\u036f]+', '', 'g'),
        'ØøŁłĐđĦħŦŧıÆŒÐÞŊƏẞςАБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯЂЄЅІЈЉЊЋЏҐΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩԱԲԳԴԵԶԷԸԹԺԻԼԽԾԿՀՁՂՃՄՅՆՇՈՉՊՋՌՍՎՏՐՑՒՓՔՕՖ',
        'oollddhhttiæœðþŋəßσабвгдежзиклмнопрстуфхцчшщъыьэюяђєѕіјљњћџґαβγδεζηθικλμνξοπρστυφχψωաբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցւփքօֆ'),
        'ß', 'ss')
    END;
