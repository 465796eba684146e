"""A credential as its row keeps it: the header and the payload deflated, which takes a third of the room.

Most of a credential is the same in every other one. What that is stands in the dictionary here, which is never changed: a better
one gets a mark of its own beside it. The signature cannot be made smaller and stands as it is.
"""

import zlib

from certificates.jose import MalformedToken, from_base64url, to_base64url

_MARK = "1~"
# never changed: every packed row needs it, byte for byte
_DICTIONARY = (
    '{"alg":"ES256","typ":"vc+jwt","cty":"vc","kid":"'
    '"footprint":{"id":"fp_","sha256":"","total_g":,"factor_set":"","calculated_on":"20","lines":[{"category":"","method":"",'
    '"quantity":"","unit":"","factor_id":"","factor_value":"","factor_unit":"kgCO2e/","grams":}],"excluded":[{"category":"","reason":"'
    '"from_pool":[{"parent":"","statement_sha256":"","grams":}]","pool":true,"block_energy":{"mwh":"","gj":"","tonnes":}'
    '"authorised":true,"corresponding_adjustment":"applied","jcm_jp","JCM registry","JCM登録簿","取消","償却","third_party_check":"'
    '"type":"product","type":"organisation","type":"household","type":"other","jcredit_renewable_electricity","jcredit_renewable_heat",'
    '"jcredit_energy_saving","jcredit_agriculture","jcredit_waste","EN-R-002 ","AG-005 ","source_url":"https://www.jcm.go.jp/'
    '"name":[{"@value":"カーボン・クレジット無効化証明書 ","@language":"ja"},{"@value":"Certificate of carbon credit cancellation ","@language":"en"}],'
    '"environment":"live","number":"'
    '{"@context":["https://www.w3.org/ns/credentials/v2","https:///contexts/cancellation-v1.jsonld"],"id":"https:///c/TEST-'
    '","type":["VerifiableCredential","CreditCancellationCertificate","TestCertificate"],"name":[{"@value":"'
    'テスト証明書 — 実際の無効化ではありません TEST-","@language":"ja"},{"@value":"TEST CERTIFICATE — nothing was cancelled TEST-'
    '","@language":"en"}],"iss":"https://","issuer":"https://","iat":17,"validFrom":"20-T:Z","credentialSubject":{"type":'
    '"CreditCancellation","statement":{"version":3,"environment":"sandbox","number":"TEST-","type":"event","period":{"first":"20'
    '","last":"20"},"issued_at":"20T:Z","grams":1000000,"cancellations":[{"registry":"jcredit","registry_name_ja":"J-クレジット登録簿",'
    '"registry_name_en":"J-Credit registry","credit_kind":"jcredit_forest","project":{"key":"jcredit/normal/","name_ja":"","name_en":"",'
    '"operator":"","country":"JP","place":"","methodology":"FO-001 ","source_url":"https://japancredit.go.jp/project/"},"block":"blk_01'
    '","certification_number":"","vintages":[{"basis":"fiscal_year","label":"202"}],"serials":[{"first_text":"","last_text":"'
    '","first_serial":,"last_serial":}],"tonnes":1,"act":"無効化","purpose":"カーボン・オフセット","executed_by":"'
    '","our_reference":"ret_01","notice_number":"","recorded_on":"202-","notice_sha256":"","invented":true,"permanence":'
    '"forest_plan_and_buffer"}],"footprint":null,"reduction_effort":null,"third_party_check":null,"commitments":{"subject":"'
    '","beneficiary":"","purchaser":"","credit_user":"","purpose_detail":""},"replaces":null,"contact":"https://"}},'
    '"credentialStatus":{"id":"https:///status/1#","type":"BitstringStatusListEntry","statusPurpose":"revocation","statusListIndex":"'
    '","statusListCredential":"https:///status/1"},"relatedResource":[{"id":"https:///contexts/cancellation-v1.jsonld","mediaType":'
    '"application/ld+json","digestSRI":"sha256-UJi2yr2sw+oxb/HELSLIxKgNa1vfVlAR+QUSTzPEVPo="}]}'
).encode()
_RAW_DEFLATE = -15
# far above any credential, so that a broken row cannot fill the memory
_MOST_BYTES = 1_000_000


def packed(credential: str) -> str:
    """As stored; a credential that would not come back byte for byte is stored as it is."""
    try:
        header, payload, signature = credential.split(".")
        packer = zlib.compressobj(9, zlib.DEFLATED, _RAW_DEFLATE, zdict=_DICTIONARY)
        data = packer.compress(from_base64url(header) + b"\n" + from_base64url(payload)) + packer.flush()
    except (ValueError, MalformedToken):
        return credential
    stored = f"{_MARK}{to_base64url(data)}~{signature}"
    return stored if unpacked(stored) == credential else credential


def unpacked(stored: str) -> str:
    """The credential of a row, also of one from before rows were packed. What cannot be unpacked is returned as it is, and no
    check takes it for a credential."""
    if not stored.startswith(_MARK):
        return stored
    try:
        data, signature = stored.removeprefix(_MARK).split("~")
        unpacker = zlib.decompressobj(_RAW_DEFLATE, zdict=_DICTIONARY)
        header, payload = unpacker.decompress(from_base64url(data), _MOST_BYTES).split(b"\n", 1)
    except (ValueError, MalformedToken, zlib.error):
        return stored
    return f"{to_base64url(header)}.{to_base64url(payload)}.{signature}"
